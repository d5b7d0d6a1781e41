"""Metrics of many runs as lines of a chart: as many buckets as there are pixels, whatever the number of points."""

from collections.abc import Sequence

from runner.server.native.operation import Operation
from runner.server.native.table_shapes import ReadSeries, Series, SeriesAnswer
from runner.server.native.tables import answering
from runner.tracking.tables import Bucket, Line, Span, Tables


def series(tables: Tables, asked: ReadSeries) -> SeriesAnswer:
    """See `Tables.lines`."""
    span = Span(axis=asked.x, low=asked.low, high=asked.high, buckets=asked.buckets)
    places = {run: index for index, run in enumerate(asked.runs)}
    lines = sorted(tables.lines(asked.runs, asked.keys, span), key=lambda line: (places[line.run], line.key))
    return SeriesAnswer(x=asked.x, series=[_series(line) for line in lines])


def _series(line: Line) -> Series:
    return Series(
        run=line.run,
        key=line.key,
        count=sum(bucket.points for bucket in line.buckets),
        nan=line.nan,
        infinite=line.infinite,
        points=[_points(bucket) for bucket in line.buckets],
    )


def _points(bucket: Bucket) -> list[float | None]:
    if bucket.points == 1:
        return [bucket.x, bucket.last]
    return [bucket.x, bucket.least, bucket.greatest, bucket.first, bucket.last]


OPERATIONS: Sequence[Operation] = (
    Operation(
        "GET", "/runs/series", "readSeries", "Metrics of runs as lines of a chart",
        answering(ReadSeries, series), SeriesAnswer, ReadSeries,
    ),
)  # fmt: skip
