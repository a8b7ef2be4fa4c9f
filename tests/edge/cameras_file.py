"""A cameras.toml in pieces."""

from pathlib import Path

from edge_agent.settings import Settings, read_settings

HALL = '[[camera]]\ncamera_id = "hall"\nsource = "hall.mp4"\n'
LIVE = '[[camera]]\ncamera_id = "yard"\nsource = "rtsp://me:s3cret@192.0.2.7/live"\n'
HTTP = '[[camera]]\ncamera_id = "road"\nsource = "https://cams.example/road.m3u8"\n'
BUCKET = 'bucket = "vigie-data"\n'


def read(tmp_path: Path, text: str, **environment: str) -> Settings:
    path = tmp_path / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, environment)
