"""Threads that stay."""

import os

import pytest

from kerata.core import threads


def test_results_come_in_order_and_errors_come_back():
    assert threads.side_by_side(lambda n: n * n, range(9)) == [n * n for n in range(9)]
    with pytest.raises(ZeroDivisionError):
        threads.side_by_side(lambda n: 1 // n, [1, 0, 2])
    assert threads.meanwhile(max, 2, 3).result() == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_a_forked_process_starts_threads_of_its_own():
    threads.side_by_side(abs, range(3))
    child = os.fork()
    if child == 0:
        right = threads.is_forked() and threads.side_by_side(abs, [-1]) == [1]
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not threads.is_forked()
