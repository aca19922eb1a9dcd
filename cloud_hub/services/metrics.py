"""Numbers for Prometheus: requests here, and what other parts put into the same registry.

Names and labels are stable (dashboards and alert rules use them). Labels are bounded: a
path is the route's pattern and never what the caller typed.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The registry of one process."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "backstock_http_request_seconds",
            "Time to answer a request",
            ("method", "path", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._answered: dict[tuple[str, str, int], Histogram] = {}
        """The same by labels, which cost more to look up than to count."""
        self.logins = Counter("backstock_logins", "Logins by result", ("result",), registry=self.registry)
        self.problems = Counter(
            "backstock_http_problems", "Error answers by status", ("status",), registry=self.registry
        )
        Gauge("backstock_info", "The running version", ("version",), registry=self.registry).labels(version).set(1)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answer."""
        known = method if method in _METHODS else "OTHER"
        answered = self._answered.get((known, path, status))
        if answered is None:
            answered = self._answered[known, path, status] = self._seconds.labels(known, path, str(status))
        answered.observe(seconds)
        if status >= 400:
            self.problems.labels(str(status)).inc()

    def add(self, collector: Collector) -> None:
        """Let another part's numbers be read with ours."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """What `/metrics` answers."""
        return generate_latest(self.registry)
