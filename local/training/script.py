"""Script mode: hyperparameters and channels in, what the managed images' toolkit tells a training script out."""

import json
import os
from typing import Any

from local.models import Record

PROGRAM, SOURCE = "sagemaker_program", "sagemaker_submit_directory"
CODE, MODEL, DATA = "/opt/ml/code", "/opt/ml/model", "/opt/ml/output/data"
CONFIG = "/opt/ml/input/config"
HOSTS = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}


def decoded(text: str) -> Any:
    """A hyperparameter as the toolkit reads it: JSON, or else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def module(detail: Record) -> str:
    """The module that a job runs."""
    return str(decoded(detail["HyperParameters"][PROGRAM])).removesuffix(".py")


def source(detail: Record) -> str:
    """Where a job's code is."""
    return str(decoded(detail["HyperParameters"][SOURCE]))


def arguments(detail: Record) -> tuple[str, ...]:
    """The script's command line: its hyperparameters, sorted by name."""
    own = sorted(_parameters(detail)[0].items())
    return tuple(word for name, value in own for word in (_flag(name), _word(value)))


def folder(channel: str) -> str:
    """Where the data of a channel is."""
    return f"/opt/ml/input/data/{channel}"


def files(detail: Record) -> dict[str, Record]:
    """The configuration that SageMaker writes for a container."""
    cluster = detail["ResourceConfig"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": cluster["InstanceType"], "hosts": ["algo-1"]}
    resources = {**HOSTS, "current_instance_type": cluster["InstanceType"], "instance_groups": [group]}
    return {
        f"{CONFIG}/hyperparameters.json": detail["HyperParameters"],
        f"{CONFIG}/inputdataconfig.json": _channels(detail),
        f"{CONFIG}/resourceconfig.json": resources,
    }


def environment(detail: Record) -> dict[str, str]:
    """The variables that SageMaker and the toolkit give to a script, and those of the job."""
    own, framework = _parameters(detail)
    channels = _channels(detail)
    told: Record = {
        "hosts": HOSTS["hosts"],
        "current_host": HOSTS["current_host"],
        "network_interface_name": HOSTS["network_interface_name"],
        "hps": own,
        "framework_params": framework,
        "user_entry_point": f"{module(detail)}.py",
        "module_name": module(detail),
        "module_dir": source(detail),
        "user_args": list(arguments(detail)),
        "resource_config": HOSTS,
        "input_data_config": channels,
        "channels": sorted(channels),
        "input_dir": "/opt/ml/input",
        "input_config_dir": CONFIG,
        "output_dir": "/opt/ml/output",
        "output_data_dir": DATA,
        "output_intermediate_dir": "/opt/ml/output/intermediate",
        "model_dir": MODEL,
        "log_level": 20,
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        **{f"channel_{name}": folder(name) for name in channels},
        **{f"hp_{name}": value for name, value in own.items()},
    }
    job = {"TRAINING_JOB_NAME": detail["TrainingJobName"], "TRAINING_JOB_ARN": detail["TrainingJobArn"]}
    toolkit = {f"SM_{name.upper()}": _variable(value) for name, value in told.items()}
    return {**job, "SM_FRAMEWORK_MODULE": "", **toolkit, **detail.get("Environment", {})}


def _parameters(detail: Record) -> tuple[Record, Record]:
    """The script's own hyperparameters and the toolkit's."""
    every = {name: decoded(text) for name, text in detail["HyperParameters"].items()}
    framework = {name: value for name, value in every.items() if name.startswith("sagemaker_")}
    return {name: value for name, value in every.items() if name not in framework}, framework


def _channels(detail: Record) -> Record:
    return {one["ChannelName"]: _channel(one) for one in detail["InputDataConfig"]}


def _channel(one: Record) -> Record:
    content = {"ContentType": one["ContentType"]} if "ContentType" in one else {}
    distribution = one["DataSource"]["S3DataSource"]["S3DataDistributionType"]
    return {**content, "TrainingInputMode": "File", "S3DistributionType": distribution, "RecordWrapperType": "None"}


def _flag(name: str) -> str:
    return f"--{name}" if len(name) > 1 else f"-{name}"


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    return str(value)


def _variable(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
