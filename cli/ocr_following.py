"""What a terminal shows while a dataset is sent and while its run goes on."""

import time

from rich.console import Console

from cli import ocr_submission
from cli.account import Account
from cli.ocr_runs import Run, Runs
from cli.ocr_submission import PROBLEMS_SHOWN, Answer, Dataset
from cli.progress import bars
from cli.tables import printable
from cli.trouble import Trouble

LOOK_AGAIN_SECONDS = 1.0
UNKNOWN_SECONDS = 60.0  # how long Batch may not list a job that it took


def sent(account: Account, dataset: Dataset) -> str:
    """Upload a dataset with a bar; its version. Images that cannot be read are said: their rows will fail."""
    problems, console = list[str](), Console(stderr=True)
    with bars() as progress:
        bar = progress.add_task(f"Sending {printable(dataset.name)}", total=len(dataset.pages))

        def tell(problem: str | None) -> None:
            progress.advance(bar)
            if problem:
                problems.append(problem)

        version = ocr_submission.send(account, dataset, tell)
    for problem in problems[:PROBLEMS_SHOWN]:
        console.print(printable(problem), style="yellow", highlight=False, soft_wrap=True)
    if problems:
        console.print(f"{len(problems)} images cannot be read: their rows will be kept as failed.", style="yellow")
    return version


def followed(runs: Runs, answer: Answer) -> Run:
    """The run once it is complete or has stopped."""
    unknown = time.monotonic() + UNKNOWN_SECONDS
    with bars() as progress:
        bar = progress.add_task("Waiting for the run", total=None)
        while True:
            run = runs.one(answer["run_id"], answer["output"])
            if run is None and time.monotonic() > unknown:
                raise Trouble(f"AWS Batch does not know the job {answer['job_id']}: look at `loupe ocr status`.")
            if run and (run.state == "COMPLETE" or (run.state == "STOPPED" and run.job == answer["job_id"])):
                return run
            if run:
                progress.update(bar, description=f"Run {run.run} is {run.state}", completed=run.done, total=run.rows)
            time.sleep(LOOK_AGAIN_SECONDS)
