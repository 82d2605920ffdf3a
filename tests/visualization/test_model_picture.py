"""Pictures of models: the boxes and arrows of Keras', places that do not overlap, files."""

import re
import subprocess
import sys
import xml.etree.ElementTree as xml

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kerata
from kerata.visualization.diagram import Shown, diagram_of
from kerata.visualization.layout import layout_of


def chain(k):
    return k.Sequential(
        [k.Input((4,)), k.layers.Dense(3, "relu", name="a"), k.layers.Dense(2, name="b")],
        name="chain",
    )


def branches(k):
    pictures, numbers = k.Input((8, 8, 3), name="pictures"), k.Input((4,), name="numbers")
    one = k.layers.Conv2D(4, 3, activation="relu", name="one")(pictures)
    two = k.layers.Conv2D(4, 3, name="two", trainable=False)(pictures)
    both = k.layers.Add(name="add")([one, two])
    inner = k.Sequential(
        [k.Input((6, 6, 4)), k.layers.Flatten(name="flat"), k.layers.Dense(3, name="dense")],
        name="inner",
    )
    joined = k.layers.Concatenate(name="join")([inner(both), numbers])
    return k.Model([pictures, numbers], k.layers.Dense(1, name="last")(joined), name="branches")


def shared(k):
    first, second = k.Input((4,), name="first"), k.Input((4,), name="second")
    layer = k.layers.Dense(3, name="layer")
    joined = k.layers.Concatenate(name="join")([layer(first), layer(second)])
    return k.Model([first, second], joined, name="shared")


def nested(k):
    deepest = k.Sequential([k.Input((4,)), k.layers.Dense(4, name="deep")], name="deepest")
    x = k.Input((4,), name="x")
    two = k.layers.Dense(4, name="side")(x)
    middle = k.Model(x, [deepest(x), two], name="middle")
    start = k.Input((4,), name="start")
    left, right = middle(start)
    out = k.layers.Dense(1, name="left")(left), k.layers.Dense(1, name="right")(right)
    return k.Model(start, out, name="nested")


MODELS = {make.__name__: make for make in (chain, branches, shared, nested)}


def facts_of(dot):
    """Names of boxes with the texts in them, and pairs of names that arrows connect."""
    labels = {}
    graphs = [dot]
    edges = []
    while graphs:
        graph = graphs.pop()
        graphs += graph.get_subgraphs()
        for node in graph.get_nodes():
            label = node.get_label()
            if label:
                labels[node.get_name()] = re.sub("<[^<>]*>", "|", label[1:-1])
        edges += [(edge.get_source(), edge.get_destination()) for edge in graph.get_edges()]
    names = {key: re.search(r"\|(\w+)\| \(\w+\)", label)[1] for key, label in labels.items()}
    texts = {names[key]: set(filter(None, label.split("|"))) for key, label in labels.items()}
    return texts, sorted((names[a], names[b]) for a, b in edges)


@pytest.mark.parametrize("name", MODELS)
def test_boxes_and_arrows_are_those_of_keras(name):
    pytest.importorskip("pydot")
    ours, theirs = (facts_of(k.utils.model_to_dot(MODELS[name](k))) for k in (kerata, keras))
    assert ours[1] == theirs[1] and set(ours[0]) == set(theirs[0])


def test_facts_are_those_of_keras():
    """Keras writes a word and its value apart: `Activation: `, `relu`."""
    pytest.importorskip("pydot")
    shown = {"show_shapes", "show_dtype", "show_layer_activations", "show_trainable"}
    arguments = dict.fromkeys(shown, True)
    ours, theirs = (facts_of(k.utils.model_to_dot(branches(k), **arguments))[0]
                    for k in (kerata, keras))  # fmt: skip
    for name in theirs:
        mine = {word for text in ours[name] for word in re.split("(?<=: )", text)}
        assert mine == theirs[name], name


def named_arrows(model, **shown):
    diagram = diagram_of(model, Shown(**shown))
    boxes = diagram.boxes
    return {(boxes[a].name, boxes[b].name) for a, b in diagram.arrows}, boxes


def test_inner_models_are_opened():
    arrows, boxes = named_arrows(nested(kerata), expand_nested=True)
    assert arrows == {("start", "deep"), ("start", "side"), ("deep", "left"), ("side", "right")}
    frames = {box.name: box.frames for box in boxes.values()}
    assert frames["deep"] == ("middle", "deepest") and frames["side"] == ("middle",)
    assert frames["left"] == ()


def test_an_inner_model_that_is_used_twice():
    inner = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(4, name="d")], name="inner")
    a, b = kerata.Input((4,), name="a"), kerata.Input((4,), name="b")
    model = kerata.Model([a, b], kerata.layers.Add(name="add")([inner(a), inner(b)]))
    assert named_arrows(model)[0] == {("a", "inner"), ("b", "inner"), ("inner", "add")}
    opened = named_arrows(model, expand_nested=True)[0]
    assert opened == {("a", "d"), ("b", "d"), ("d", "add")}


def test_ops_between_layers():
    x = kerata.Input((4,), name="x")
    model = kerata.Model(x, kerata.ops.exp(x * 2.0))
    arrows, boxes = named_arrows(model, shapes=True)
    assert [box.kind for box in boxes.values()] == ["InputLayer", "multiply", "exp"]
    assert len(arrows) == 2
    assert list(boxes.values())[2].facts == (
        "Input shape: (None, 4)", "Output shape: (None, 4)"
    )  # fmt: skip


def test_models_without_shapes():
    chain = kerata.Sequential([kerata.layers.Dense(2, name="a"), kerata.layers.Dense(2, name="b")])
    arrows, boxes = named_arrows(chain, shapes=True, trainable=True)
    assert arrows == {("a", "b")}
    assert boxes["box0"].facts == ("Input shape: ?", "Output shape: ?")

    class Own(kerata.Model):
        def call(self, inputs):
            return inputs

    arrows, boxes = named_arrows(Own(name="own"))
    assert not arrows and [(box.name, box.kind) for box in boxes.values()] == [("own", "Own")]


def test_what_is_trained():
    boxes = named_arrows(branches(kerata), trainable=True)[1]
    trained = {box.name: box.trainable for box in boxes.values()}
    assert trained["one"] is True and trained["two"] is False and trained["add"] is None


# -- layout --------------------------------------------------------------------------------------


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    size = st.tuples(*(st.floats(1, most, allow_subnormal=False) for most in (50, 20)))
    sizes = {f"b{i}": draw(size) for i in range(count)}
    return sizes, [(f"b{a}", f"b{b}") for a, b in chosen]


@settings(deadline=None, max_examples=60)
@given(graphs(), st.booleans())
def test_boxes_stand_apart_and_arrows_go_forward(graph, horizontal):
    sizes, arrows = graph
    gap = (3.0, 5.0)
    layout = layout_of(sizes, arrows, gap, horizontal)
    places = list(layout.places.items())
    for i, (key, a) in enumerate(places):
        assert (a.width, a.height) == sizes[key]
        assert -1e-6 <= a.x - a.width / 2 and a.x + a.width / 2 <= layout.width + 1e-6
        assert -1e-6 <= a.y - a.height / 2 and a.y + a.height / 2 <= layout.height + 1e-6
        for _, b in places[:i]:
            across = abs(a.x - b.x) - (a.width + b.width) / 2
            along = abs(a.y - b.y) - (a.height + b.height) / 2
            assert max(across, along) > 2.9
    for (source, target), way in layout.ways.items():
        a, b = layout.places[source], layout.places[target]
        place = 0 if horizontal else 1
        flow = [point[place] for point in way]
        assert flow == sorted(flow)
        half = sizes[source][place] / 2, sizes[target][place] / 2
        assert flow[0] == pytest.approx(a[place] + half[0])
        assert flow[-1] == pytest.approx(b[place] - half[1])
        for key, box in places:  # it goes around all other boxes
            if key in (source, target):
                continue
            for x, y in way:
                inside = abs(x - box.x) < box.width / 2 - 1e-6
                assert not (inside and abs(y - box.y) < box.height / 2 - 1e-6)


def test_a_layer_that_feeds_itself_by_another():
    """A shared layer may be used before and after another one."""
    layout = layout_of({"a": (1, 1), "b": (1, 1)}, [("a", "b"), ("b", "a")], (1.0, 1.0))
    assert len(layout.places) == len(layout.ways) == 2


# -- files ---------------------------------------------------------------------------------------


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(kerata.visualization.model_picture, "_has_graphviz", lambda: False)


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_svg_files(tmp_path, no_graphviz, rankdir):
    path = tmp_path / "model.svg"
    kerata.utils.plot_model(
        branches(kerata), path, show_shapes=True, show_layer_names=True, rankdir=rankdir,
        expand_nested=True, show_trainable=True, show_dtype=True, show_layer_activations=True,
    )  # fmt: skip
    root = xml.parse(path).getroot()
    found = {node.text: node for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"one (Conv2D)", "Input shape: (None, 8, 8, 3)", "Activation: relu", "Trainable",
            "Non-trainable", "Output dtype: float32", "inner"} <= set(found)
    axis = "y" if rankdir in ("TB", "BT") else "x"
    first, last = (float(found[name].get(axis)) for name in ("one (Conv2D)", "last (Dense)"))
    assert (first < last) == (rankdir in ("TB", "LR"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the parser that pydot uses
def test_names_are_text_and_no_markup(tmp_path, no_graphviz):
    name = '<b>"&amp;\\N'
    model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1, name=name)])
    kerata.utils.plot_model(model, tmp_path / "m.svg", show_layer_names=True)
    texts = [node.text for node in xml.parse(tmp_path / "m.svg").getroot().iter()]
    assert f"{name} (Dense)" in texts
    pydot = pytest.importorskip("pydot")
    label = kerata.utils.model_to_dot(model).get_nodes()[-1].get_label()
    assert "&lt;b&gt;&quot;&amp;amp;" in label
    outer = kerata.Sequential([kerata.Input((2,)), model])
    model.name = 'a"; b'
    text = kerata.utils.model_to_dot(outer, expand_nested=True).to_string()
    assert len(pydot.graph_from_dot_data(text)) == 1


@pytest.mark.parametrize("kind", ["png", "jpg", "pdf"])
def test_files_of_matplotlib(tmp_path, no_graphviz, kind):
    path = tmp_path / f"model.{kind}"
    sizes = []
    for dpi in (50, 100):
        kerata.utils.plot_model(branches(kerata), str(path), show_shapes=True, dpi=dpi)
        if kind != "pdf":
            from PIL import Image

            with Image.open(path) as picture:
                sizes.append(picture.size)
                assert picture.convert("L").getextrema()[0] < 60  # there is something dark in it
    if sizes:
        assert sizes[1][0] == pytest.approx(2 * sizes[0][0], abs=2)
    assert path.stat().st_size > 1000


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a shell script")
def test_graphviz_draws_where_it_is(tmp_path, monkeypatch):
    pytest.importorskip("pydot")
    program = tmp_path / "bin" / "dot"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf 'drawn by dot '\nprintf '%s ' \"$@\"\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    kerata.utils.plot_model(chain(kerata), tmp_path / "model.png")
    assert (tmp_path / "model.png").read_text().startswith("drawn by dot -Tpng")
    kerata.utils.plot_model(chain(kerata), tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text().startswith("digraph")


def test_wrong_arguments(tmp_path):
    for draw in (kerata.utils.plot_model, kerata.utils.model_to_dot):
        with pytest.raises(ValueError, match="rankdir='UP'"):
            draw(chain(kerata), rankdir="UP")
        with pytest.raises(ValueError, match="unknown argument 'show_colours'"):
            draw(chain(kerata), show_colours=True)


def test_what_is_missing_is_named(tmp_path):
    """Without matplotlib and pydot there are .svg files, and advice."""
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['matplotlib', 'matplotlib.figure', 'pydot']))\n"
        "import kerata\n"
        "model = kerata.Sequential([kerata.Input((2,)), kerata.layers.Dense(1)])\n"
        f"kerata.utils.plot_model(model, {str(tmp_path / 'm.svg')!r})\n"
        "for draw in (kerata.utils.model_to_dot, kerata.utils.plot_model):\n"
        "    try:\n"
        "        draw(model)\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'kerata[plot]'") == 2
    assert (tmp_path / "m.svg").exists()
