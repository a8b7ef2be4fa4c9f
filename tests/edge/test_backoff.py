from edge_agent.backoff import Backoff


def test_ceilings_grow_to_a_limit_and_begin_anew() -> None:
    backoff = Backoff(1.0, 10.0, lambda: 1.0)
    assert [backoff.next_s() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next_s() == 1


def test_jitter_is_full_above_the_floor() -> None:
    assert Backoff(4.0, 10.0, lambda: 0.0).next_s() == 0
    assert Backoff(4.0, 10.0, lambda: 0.0, floor=0.5).next_s() == 2
    assert Backoff(4.0, 10.0, lambda: 0.5, floor=0.5).next_s() == 3


def test_many_failures_do_not_overflow() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 1.0)
    assert [backoff.next_s() for _ in range(5000)][-1] == 60
