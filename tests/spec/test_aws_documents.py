"""AWS's own JSON loads as it stands: requests, and what the describe calls print."""

from __future__ import annotations

import pytest

from batchsim.spec import parse
from batchsim.spec.aws_shapes import AWS_SHAPES
from tests.spec.documents import DESCRIBED, IMAGE_JOB, SPOT_REQUEST, only, problems, small, sound


def test_the_two_documents_load_as_they_stand() -> None:
    environment = {**SPOT_REQUEST, "computeEnvironmentName": "spot"}
    scenario = parse({"jobDefinitions": [IMAGE_JOB], "computeEnvironments": [environment]})
    assert scenario.jobDefinitions[0].containerProperties.memory == 4096  # type: ignore[union-attr]
    assert scenario.computeEnvironments[0].computeResources.maxvCpus == 256  # type: ignore[union-attr]


def test_what_the_describe_calls_print_loads_and_arns_find_their_names() -> None:
    assert parse(DESCRIBED).jobDefinitions[0].revision == 7


def test_null_is_absent_as_in_awss_json() -> None:
    assert sound(computeEnvironments__0__serviceRole=None) == sound()


def test_a_wrong_key_deep_in_a_shape_without_effect_is_found_with_its_near_match() -> None:
    problem = only(jobDefinitions__0__containerProperties__linuxParameters={"devices": [{"hostpath": "/dev/fuse"}]})
    assert problem.code == "E106"
    assert problem.path[-4:] == ("linuxParameters", "devices", 0, "hostpath")
    assert problem.hint == "Did you mean hostPath?"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"logDriver": 5}, "not text"),
        ({"options": {"a": 1}}, "not a mapping of text to text"),
        ([], "not a mapping"),
        ({"secretOptions": {}}, "not a list"),
    ],
)
def test_a_wrong_type_in_a_shape_without_effect_is_found(value: object, message: str) -> None:
    assert only(jobDefinitions__0__containerProperties__logConfiguration=value).message == message


def test_the_table_of_shapes_refers_only_to_shapes_that_it_has() -> None:
    kinds = {kind.removesuffix("[]") for fields in AWS_SHAPES.values() for kind in fields.values()}
    assert kinds <= {"text", "int", "flag", "map", *AWS_SHAPES}


def test_an_unknown_key_names_the_keys_that_exist() -> None:
    (problem,) = problems(small(jobQueues__0__priorty=1))
    assert (problem.code, problem.hint) == ("E106", "Did you mean priority?")
    assert "computeEnvironmentOrder" in problem.allowed


def test_numbers_where_aws_wants_text_are_told_to_be_quoted() -> None:
    problem = only(jobDefinitions__0__parameters={"n": 5})
    assert (problem.code, problem.hint) == ("E112", 'Write "5", with quotes')


def test_resource_requirements_may_be_bare_numbers() -> None:
    asked = [{"type": "VCPU", "value": 4}, {"type": "MEMORY", "value": "2048"}]
    scenario = sound(jobDefinitions__0__containerProperties__resourceRequirements=asked)
    assert scenario.jobDefinitions[0].containerProperties.resourceRequirements[0].value == "4"  # type: ignore[union-attr]
