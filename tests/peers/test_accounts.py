"""Accounts, organisations and tokens as huggingface_hub sees them (TORCHHUB names our program,
TORCHHUB_HUB_DATA the data folder of the server at HF_ENDPOINT)."""

import json
import os
import uuid

import our_hub
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

ENDPOINT = os.environ["HF_ENDPOINT"]


def admin(*arguments):
    return json.loads(our_hub.admin(*arguments, "--json"))


@pytest.fixture(scope="module")
def user(api):
    return api.whoami()["name"]


@pytest.fixture(scope="module")
def org(user):
    name = f"org-{uuid.uuid4().hex[:8]}"
    admin("org", "create", name, "--owner", user)
    admin("org", "set", name, "--fullname", "An Organisation")
    return name


def fine_grained(user, *scopes):
    arguments = [part for scope in scopes for part in ("--scope", scope)]
    made = admin("token", "create", user, "--role", "fineGrained", "--name", "ci", "--expires",
                 "30d", *arguments)
    return made, HfApi(endpoint=ENDPOINT, token=made["token"])


def test_whoami_of_a_fine_grained_token(user, org):
    made, api = fine_grained(user, f"{org}=org.read,repo.read")
    me = api.whoami()
    assert [(o["name"], o["fullname"], o["roleInOrg"]) for o in me["orgs"]] == [
        (org, "An Organisation", "admin")]
    token = me["auth"]["accessToken"]
    assert (token["displayName"], token["role"]) == ("ci", "fineGrained")
    assert token["fineGrained"]["scoped"][0]["entity"]["name"] == org
    assert me["auth"]["expiresAt"] == made["expiresAt"]
    admin("token", "revoke", made["id"])
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        api.whoami()


def test_a_scope_bounds_what_a_token_does(api, user, org):
    hidden, other = (f"{org}/s-{uuid.uuid4().hex[:8]}" for _ in range(2))
    for name in hidden, other:
        api.create_repo(name, private=True)
    _, ci = fine_grained(user, f"{hidden}=repo.read,repo.write")
    assert ci.model_info(hidden).private
    ci.upload_file(repo_id=hidden, path_or_fileobj=b"1", path_in_repo="a.txt")
    with pytest.raises(RepositoryNotFoundError):
        ci.model_info(other)
    with pytest.raises(HfHubHTTPError, match="without 'repo.write'"):
        ci.create_repo(f"{user}/r-{uuid.uuid4().hex[:8]}")
    assert hidden in [model.id for model in ci.list_models(author=org)]
    assert other not in [model.id for model in ci.list_models(author=org)]
    ci.delete_repo(hidden)
    api.delete_repo(other)


def test_profiles(api, user, org, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", ENDPOINT)  # these calls read it alone
    profile = api.get_user_overview(user)
    assert (profile.username, profile.fullname, profile.is_pro) == (user, user, False)
    assert profile.avatar_url == f"{ENDPOINT}/avatars/{user}.svg"
    assert profile.num_models is not None and profile.num_followers == 0
    assert org in [o.name for o in profile.orgs]
    organization = api.get_organization_overview(org)
    assert (organization.name, organization.fullname, organization.num_users) == (
        org, "An Organisation", 1)
    assert [m.username for m in api.list_organization_members(org)] == [user]
    assert list(api.list_user_followers(user)) == list(api.list_user_following(user)) == []
    assert list(api.list_organization_followers(org)) == []
    with pytest.raises(HfHubHTTPError, match="404"):
        api.get_user_overview("nobody-of-that-name")


def test_a_disabled_user_is_nobody():
    name = f"u-{uuid.uuid4().hex[:8]}"
    admin("user", "create", name)
    token = admin("token", "create", name, "--role", "read")["token"]
    api = HfApi(endpoint=ENDPOINT, token=token)
    assert api.whoami()["name"] == name
    admin("user", "disable", name)
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        api.whoami()
