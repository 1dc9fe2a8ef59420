"""Whatever is done to an export, reading it gives an export or a clear error."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.errors import UserError
from importer.export.reader import Export, read

SAMPLES = Path(__file__).parents[2] / "samples"
WHOLE = [path.read_bytes() for path in sorted(SAMPLES.rglob("user_data*.json"))]
# A tenth of a second for a fsync or a busy machine is no finding.
RELAXED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text()
    | st.sampled_from(["N/A", "None", "2025-01-01 00:00:00", "https://", "Everyone"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def survives(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        assert isinstance(read(path), Export)
    except UserError as error:
        assert error.hint


@cache
def samples_zipped() -> list[bytes]:
    found = []
    for data in WHOLE:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("TikTok/user_data_tiktok.json", data)
        found.append(buffer.getvalue())
    return found


@st.composite
def damaged(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.sampled_from([0, 1, 2, 5, 100]))
        data[at : at + length] = draw(
            st.binary(max_size=8) | st.sampled_from([b"\\ud83d", b"NaN", b"[" * 3000, b'"', b"}"])
        )
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@RELAXED
@given(damaged(WHOLE))
def test_damaged_json(tmp_path: Path, data: bytes) -> None:
    survives(tmp_path / "user_data_tiktok.json", data)


@RELAXED
@given(damaged(samples_zipped()))
def test_damaged_zips(tmp_path: Path, data: bytes) -> None:
    survives(tmp_path / "TikTok_Data_1773002972.zip", data)


@RELAXED
@given(st.data())
def test_values_of_the_wrong_type(tmp_path: Path, data: st.DataObject) -> None:
    root: Any = json.loads(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 5))):
        place: Any = root
        for _ in range(data.draw(st.integers(0, 5))):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            inner = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
            if not inner:
                break
            place = place[data.draw(st.sampled_from(inner))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if keys:
            place[data.draw(st.sampled_from(keys))] = data.draw(VALUES)
    text = json.dumps(root, allow_nan=True).encode()
    survives(tmp_path / "user_data_tiktok.json", text)


@RELAXED
@given(st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    survives(tmp_path / "user_data_tiktok.json", data)
    survives(tmp_path / "TikTok_Data_1.zip", b"PK\x03\x04" + data)
