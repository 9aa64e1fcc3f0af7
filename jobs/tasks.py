"""The one task of the worker's library, whose table keeps arguments in clear: here they are an id."""

from uuid import UUID

from django_tasks import task

from jobs import running
from jobs.models import Job


@task
def run(job: str) -> None:
    """Work on a job. Raises nothing and returns nothing: both would be kept in clear."""
    running.run(UUID(job))


def enqueue(job: UUID) -> None:
    """Have a worker begin this job."""
    Job.objects.filter(pk=job).update(task=run.enqueue(str(job)).id)
