"""An AWS account of its own for each test, on moto's server that the whole run shares."""

import secrets

import pytest

from sightline.settings import AwsSettings
from tests.aws import REGION, Clients, FakeAws


def quiet(_: str) -> None:
    """Progress that nobody looks at."""


class Account:
    """One account: what a test makes in it no other test sees."""

    def __init__(self, aws: FakeAws, number: str, credentials: dict[str, str]) -> None:
        self.number = number
        self.settings = AwsSettings(region=REGION, endpoint_url=aws.endpoint, environment="dev")
        self.client = Clients(
            aws.endpoint, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        )

    def bucket(self, name: str, tags: dict[str, str] | None = None) -> str:
        name = f"{name}-{self.number}"  # names of buckets are one space over all accounts
        service = self.client("s3")
        service.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if tags:
            service.put_bucket_tagging(
                Bucket=name, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
            )
        return name


def signed_in(aws: FakeAws, patch: pytest.MonkeyPatch) -> Account:
    """Sign in to a new account: moto keeps what belongs to different ones apart."""
    number = str(secrets.randbelow(9 * 10**11) + 10**11)
    role = f"arn:aws:iam::{number}:role/tests"
    credentials = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    patch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
    patch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
    patch.setenv("SIGHTLINE_AWS_REGION", REGION)
    patch.setenv("SIGHTLINE_AWS_ENDPOINT_URL", aws.endpoint)
    patch.setenv("SIGHTLINE_AWS_ENVIRONMENT", "dev")
    return Account(aws, number, credentials)


@pytest.fixture
def account(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account that is one test's own."""
    return signed_in(aws, monkeypatch)
