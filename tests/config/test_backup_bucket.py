"""Backups where the files of cases lie in a bucket: they travel along, or stay where they are."""

import json
import shutil
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.config.conftest import FILES
from tests.config.places import Place, copied, without_databases

KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


@pytest.fixture(scope="module")
def client():
    """A client of a server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    yield boto3.client("s3", endpoint_url=address, region_name="us-east-1", **KEYS)
    server.stop()


def with_bucket(place: Place, client, name: str = "") -> Place:
    """Have the files of a place in a bucket: a new one, or the one of this name."""
    if not name:
        name = f"sealed-{uuid4().hex[:8]}"
        client.create_bucket(Bucket=name)
    place.variables |= {
        "TUTELA_S3_BUCKET": name,
        "TUTELA_S3_ENDPOINT": client.meta.endpoint_url,
        "TUTELA_S3_REGION": "us-east-1",
        "TUTELA_S3_ACCESS_KEY": "key",
        "TUTELA_S3_SECRET_KEY": "secret",
    }
    return place


@pytest.fixture
def here(installed, client, tmp_path) -> Place:
    """An installation whose files were moved into a bucket."""
    place = with_bucket(copied(installed, tmp_path / "here"), client)
    folder = place.data / "attachments"
    for path in folder.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(place.data))
            client.upload_file(str(path), place.variables["TUTELA_S3_BUCKET"], name)
    shutil.rmtree(folder)
    return place


def listed(client, place: Place) -> set[str]:
    answer = client.list_objects_v2(Bucket=place.variables["TUTELA_S3_BUCKET"])
    return {found["Key"] for found in answer.get("Contents", [])}


@pytest.mark.drill
def test_files_travel_from_one_bucket_to_another(here, client, tmp_path, recipient, identity):
    (tmp_path / "backups").mkdir()
    here.manage("backup", tmp_path / "backups", "--to", recipient)
    before = here.contents()
    there = with_bucket(without_databases(here, tmp_path / "there"), client)
    said = there.manage("restore", tmp_path / "backups", "--identity", identity)
    assert "Restored, and the record holds." in said and f"{FILES} files" in said
    assert there.contents() == before
    assert listed(client, there) == listed(client, here) != set()
    assert not (there.data / "attachments").exists()


def test_files_can_stay_where_they_are(here, client, tmp_path, recipient, identity):
    """The database is lost and the bucket is not."""
    (tmp_path / "backups").mkdir()
    here.manage("backup", tmp_path / "backups", "--to", recipient, "--without-files")
    [manifest] = (tmp_path / "backups").glob("*.json")
    assert json.loads(manifest.read_text())["files"]["count"] == 0
    before = here.contents()
    there = without_databases(here, tmp_path / "there")
    with_bucket(there, client, here.variables["TUTELA_S3_BUCKET"])
    said = there.manage("restore", tmp_path / "backups", "--identity", identity)
    assert "Restored, and the record holds." in said
    assert there.contents() == before


def test_a_bucket_that_does_not_answer_is_told(here, tmp_path, recipient):
    (tmp_path / "backups").mkdir()
    here.variables["TUTELA_S3_ENDPOINT"] = "http://127.0.0.1:9"
    said = here.refusal("backup", tmp_path / "backups", "--to", recipient)
    assert "There is no backup. the bucket cannot be reached" in said
    assert [path.name for path in (tmp_path / "backups").iterdir()] == []
