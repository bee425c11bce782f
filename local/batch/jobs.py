"""Jobs from submission to their end: queued, placed while vCPUs last, tried again, and each change told as an event."""

import copy
import os
import threading
import uuid
from collections.abc import Callable

from local.batch import attempt, details, retries, tasks
from local.batch.attempt import Attempt, Plan
from local.batch.job import LIVE, PLACED, Job, read_jobs
from local.batch.queues import NAME, Queues
from local.batch.requests import Record, Refused
from local.batch.retries import Ended
from local.faults import Fault, UnknownFault
from local.seams import account
from local.surroundings import Surroundings
from local.workers import Workers

INTERRUPTED = {
    "FARGATE_SPOT": "Your Spot Task was interrupted.",
    "FARGATE": "ECS is performing maintenance on the underlying infrastructure hosting the task.",
}
Emit = Callable[[str, Record, list[str]], None]


class Jobs:
    """All jobs of this laptop."""

    def __init__(self, queues: Queues, here: Surroundings, *, emit: Emit) -> None:
        self._queues, self._here, self._emit = queues, here, emit
        self.lock = threading.RLock()
        self._stopping = False
        self._attempts: dict[str, Attempt] = {}
        self._workers = Workers("batch")
        self.all = read_jobs(here.home / "jobs")
        queues.on_change = self.fill

    def submit(self, ask: Record) -> Job:
        """Accept a job."""
        if not NAME.fullmatch(ask["jobName"]):
            raise Refused(f"Job name should match valid pattern: {ask['jobName']}")
        queue = self._queues.queue(ask["jobQueue"])
        if queue["state"] != "ENABLED":
            raise Refused(f"Job queue {queue['jobQueueName']} is not enabled.")
        definition = self._queues.definition(ask["jobDefinition"])
        job = Job(self._here.home / "jobs", details.new_job(ask, definition, queue))
        with self.lock:
            self.all[job.id] = job
            self._move(job, "RUNNABLE")
        self.fill()
        return job

    def find(self, job_id: str) -> Job:
        """A job by its id or ARN."""
        try:
            return self.all[job_id.rpartition("/")[2]]
        except KeyError:
            raise Refused(f"Job {job_id} does not exist.") from None

    def terminate(self, job_id: str, reason: str) -> None:
        """Stop a job, wherever it is; it fails with this reason and is not tried again."""
        with self.lock:
            job = self.find(job_id)
            if job.status in LIVE:
                job.detail["isTerminated"] = True
                self._withdraw(job, reason)
                if running := self._attempts.get(job.id):
                    running.end(reason, final=True)

    def cancel(self, job_id: str, reason: str) -> None:
        """Withdraw a job that has not started; one that has goes on."""
        with self.lock:
            job = self.find(job_id)
            if job.status in LIVE and job.status not in PLACED:
                job.detail["isCancelled"] = True
                self._withdraw(job, reason)

    def terminate_all(self, queue_arn: str, reason: str) -> None:
        """Stop the jobs of a queue that is deleted."""
        for job in [job for job in self.all.values() if job.detail["jobQueue"] == queue_arn]:
            self.terminate(job.id, reason)

    def stop_tasks(self, fault: Fault) -> None:
        """Take running Spot tasks back, or let running tasks reach their time limit: as many as the fault says."""
        with self.lock:
            found = [job for job in self.all.values() if self._struck(job, fault)][: fault.times]
            if len(found) < fault.times:
                raise UnknownFault(f"{fault.effect}: {len(found)} such tasks run, not {fault.times}")
            for job in found:
                final = fault.effect == "expire"
                why = attempt.OUT_OF_TIME if final else INTERRUPTED["FARGATE_SPOT"]
                self._attempts[job.id].end(why, final=final)

    def fill(self) -> None:
        """Start the jobs that wait, first come first served in each queue, as far as their environments have room."""
        with self.lock:
            blocked: set[str] = set()
            for job in [] if self._stopping else self._waiting():
                queue = job.detail["jobQueue"]
                place = None if queue in blocked else self._place(job)
                if place:
                    self._start(job, place)
                else:
                    blocked.add(queue)

    def resume(self) -> None:
        """Go on where the last engine ended: what ran then was interrupted."""
        for job in [job for job in self.all.values() if job.status in PLACED]:
            self._workers.start(self._bury, job)
        self.fill()

    def stop(self) -> None:
        """Interrupt every running task and wait until its attempt has ended."""
        with self.lock:
            self._stopping = True
            for job_id, running in self._attempts.items():
                running.release(self._interruption(self.all[job_id]))
        self._workers.join()

    def _waiting(self) -> list[Job]:
        priorities = {one["jobQueueArn"]: int(one["priority"]) for one in self._queues.records.queues.values()}
        waiting = [job for job in self.all.values() if job.status == "RUNNABLE"]
        return sorted(waiting, key=lambda job: -priorities.get(job.detail["jobQueue"], 0))

    def _place(self, job: Job) -> Record | None:
        """The first compute environment of the job's queue that has room; an empty one always has."""
        try:
            order = self._queues.queue(job.detail["jobQueue"])["computeEnvironmentOrder"]
        except Refused:
            return None
        for one in order:
            environment = self._queues.environment(one["computeEnvironment"])
            if environment["state"] == "ENABLED" and self._has_room(environment, job.vcpus):
                return environment
        return None

    def _has_room(self, environment: Record, vcpus: float) -> bool:
        arn = environment["computeEnvironmentArn"]
        used = sum(job.vcpus for job in self.all.values() if job.status in PLACED and job.environment == arn)
        return not used or used + vcpus <= float(environment["computeResources"]["maxvCpus"])

    def _start(self, job: Job, environment: Record) -> None:
        job.environment = environment["computeEnvironmentArn"]
        task, task_id = tasks.task_of(job.detail), uuid.uuid4().hex
        definition = job.detail["jobDefinition"].rpartition("/")[2].partition(":")[0]
        prefix = task.log_options.get("awslogs-stream-prefix", definition)
        stream = f"{prefix}/{task.container}/{task_id}"
        details.begin_attempt(job.detail, log_stream=stream, task_id=task_id)
        held = job.hold()
        plan = Plan(
            task=task,
            task_id=task_id,
            log_name=definition,
            log_stream=stream,
            variables=self._variables(job),
            seconds=job.detail.get("timeout", {}).get("attemptDurationSeconds"),
            held=held,
        )
        self._attempts[job.id] = Attempt(plan, self._here)
        self._move(job, "STARTING")
        self._workers.start(self._work, job, held)

    def _variables(self, job: Job) -> dict[str, str]:
        return {
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(len(job.detail["attempts"]) + 1),
            "AWS_BATCH_JQ_NAME": job.detail["jobQueue"].rpartition("/")[2],
            "AWS_BATCH_CE_NAME": job.environment.rpartition("/")[2],
        }

    def _work(self, job: Job, held: int) -> None:
        try:
            ended = self._attempts[job.id].run(lambda: self._run(job))
        except Exception as error:
            account.log.exception("job %s broke the engine's worker", job.id)
            ended = Ended(status_reason=attempt.NOT_STARTED, reason=f"InternalError: {error}")
        os.close(held)
        self._settle(job, ended)

    def _run(self, job: Job) -> None:
        with self.lock:
            self._move(job, "RUNNING", startedAt=details.now_ms())

    def _bury(self, job: Job) -> None:
        """End an attempt that the last engine left, once nothing of it runs any more."""
        os.close(job.hold())
        self._settle(job, Ended(status_reason=self._interruption(job)))

    def _settle(self, job: Job, ended: Ended) -> None:
        with self.lock:
            self._attempts.pop(job.id, None)
            details.end_attempt(job.detail, ended)
            strategy, tried = job.detail["retryStrategy"], len(job.detail["attempts"])
            if ended.succeeded:
                self._end(job, "SUCCEEDED", ended.status_reason)
            elif not job.detail.get("isTerminated") and retries.again(strategy, ended, attempts=tried):
                job.detail.pop("startedAt", None)
                self._move(job, "RUNNABLE")
            else:
                self._end(job, "FAILED", ended.status_reason)
        self.fill()

    def _withdraw(self, job: Job, reason: str) -> None:
        if job.status not in PLACED:
            self._end(job, "FAILED", reason)

    def _end(self, job: Job, status: str, reason: str) -> None:
        self._move(job, status, statusReason=reason, stoppedAt=details.now_ms())

    def _move(self, job: Job, status: str, **changes: object) -> None:
        """Change a job's status, on disk first, then for those who listen."""
        job.detail.update(status=status, **changes)
        job.save()
        told = copy.deepcopy(job.detail)
        self._workers.tell(self._emit, "Batch Job State Change", told, [told["jobArn"]])

    def _struck(self, job: Job, fault: Fault) -> bool:
        named = fault.job in {"", job.id, job.detail["jobName"]}
        on_spot = self._capacity(job) == "FARGATE_SPOT" or fault.effect == "expire"
        return named and on_spot and job.status == "RUNNING" and job.id in self._attempts

    def _interruption(self, job: Job) -> str:
        return INTERRUPTED[self._capacity(job)]

    def _capacity(self, job: Job) -> str:
        try:
            return str(self._queues.environment(job.environment)["computeResources"]["type"])
        except Refused:
            return "FARGATE"
