"""The summary: what stands in the table and under it."""

import pytest

import kerata

layers = kerata.layers


def chain():
    return kerata.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3),
        ],
        name="chain",
    )


def branched():
    inputs = kerata.Input((5,), name="row")
    a = layers.Dense(4, name="a")(inputs)
    inner = kerata.Sequential([layers.Input((5,)), layers.Dense(4, name="deep")], name="inner")
    return kerata.Model(inputs, layers.Add(name="sum")([a, inner(inputs)]), name="branched")


def lines_of(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    return lines


def cells(lines, name):
    """The cells of the row of a layer."""
    line = next(line for line in lines if f" {name} (" in line)
    return [cell.strip() for cell in line.strip("│┃ ").split("│")]


def test_chain():
    lines = lines_of(chain())
    assert lines[0] == 'Model: "chain"'
    assert cells(lines, "conv2d") == ["conv2d (Conv2D)", "(None, 6, 6, 4)", "40"]
    assert cells(lines, "dense") == ["dense (Dense)", "(None, 3)", "435"]
    text = "\n".join(lines)
    assert "Connected to" not in text and "Trainable " not in text.split("Total")[0]
    assert " Total params: 491 (1.92 KB)" in lines
    assert " Trainable params: 483 (1.89 KB)" in lines
    assert " Non-trainable params: 8 (32 B)" in lines
    assert "Optimizer" not in text


def test_optimizer_is_counted():
    model = chain()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    lines = lines_of(model)
    assert " Optimizer params: 968 (3.78 KB)" in lines
    assert " Total params: 1,459 (5.70 KB)" in lines


def test_branches_are_shown():
    lines = lines_of(branched(), line_length=100)
    assert cells(lines, "sum")[-1] == "a[0][0], inner[0][0]"
    assert cells(lines, "row")[-1] == "-"


def test_nested_models_are_expanded_on_demand():
    assert "deep" not in "\n".join(lines_of(branched()))
    lines = lines_of(branched(), expand_nested=True)
    assert any("└─ deep (Dense)" in line for line in lines)


def test_trainable_column():
    model = chain()
    model.layers[0].trainable = False
    lines = lines_of(model, show_trainable=True)
    assert cells(lines, "conv2d")[-1] == "no"
    assert cells(lines, "flatten")[-1] == "-"
    assert cells(lines, "dense")[-1] == "yes"
    assert " Non-trainable params: 48 (192 B)" in lines


@pytest.mark.parametrize(
    "layer_range, shown",
    [
        (["conv2d", "flatten"], {"conv2d", "batch_normalization", "flatten"}),
        (["batch.*", "dense"], {"batch_normalization", "flatten", "dense"}),
        (["flatten", "flatten"], {"flatten"}),
    ],
)
def test_layer_range(layer_range, shown):
    text = "\n".join(lines_of(chain(), layer_range=layer_range))
    names = {"conv2d", "batch_normalization", "flatten", "dense"}
    assert {name for name in names if f" {name} " in text} == shown


@pytest.mark.parametrize("width", [50, 80, 120])
def test_line_length(width):
    lines = lines_of(chain(), line_length=width)
    assert {len(line) for line in lines if line.startswith(("┃", "│", "┏", "└"))} == {width}


def test_positions_place_the_columns():
    lines = lines_of(chain(), line_length=100, positions=[0.5, 0.8, 1.0])
    top = next(line for line in lines if line.startswith("┏"))
    first = top.index("┳")
    assert abs(first - 50) <= 2


def test_subclass_before_and_after_it_is_built():
    class Net(kerata.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    model = Net()
    assert cells(lines_of(model), "dense")[1:] == ["?", "0 (unbuilt)"]
    model(kerata.ops.ones((2, 5)))
    assert cells(lines_of(model), "dense")[1:] == ["(2, 3)", "18"]


def test_ops_between_layers_are_shown():
    inputs = kerata.Input((4,))
    model = kerata.Model(inputs, kerata.ops.relu(layers.Dense(4)(inputs)) + inputs)
    text = "\n".join(lines_of(model))
    assert "(relu)" in text and "(add)" in text


def test_prints_to_the_terminal(capsys):
    chain().summary()
    assert "conv2d (Conv2D)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, message",
    [
        ({"layer_range": ["nothing", "dense"]}, "No layer is called 'nothing'"),
        ({"layer_range": ["dense"]}, "two names"),
        ({"positions": [0.5]}, "positions needs 3"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        chain().summary(**options)
