"""Rows of the table of behaviours: what is not simulated, and why."""

from fidelity_rows import Row

NODES = "User Guide, Multi-node parallel jobs (multi-node-parallel-jobs)"
EKS = "User Guide, AWS Batch on Amazon EKS"
NO_NODES = "Multi-node jobs are not simulated: a job that uses such a definition is refused (E116)"
NO_EKS = "EKS is not simulated: an environment or a definition for it is refused where it is used (E116)"


def outside(name, rule, source, note):
    """A documented behaviour that is not simulated."""
    return Row(id=name, rule=rule, source=source, status="out of scope", note=note)


ROWS = [
    outside(
        "B43",
        "A multi-node job starts when there is room for all its nodes, the main node first, and ends with it",
        NODES,
        NO_NODES,
    ),
    outside("B44", "On EKS a node reserves CPU and memory, and CPU is asked for in quarters", EKS, NO_EKS),
    outside(
        "V13",
        "On EKS a node of 2 vCPUs holds a pod of 1.75, not of 2.0; one of 7748 MiB and 29 pods has 7074 MiB left",
        "User Guide, Memory and vCPU considerations on EKS (memory-cpu-batch-eks)",
        NO_EKS,
    ),
    outside(
        "2.7g",
        "A multi-node job's timeout counts for the whole job",
        "API, JobTimeout",
        NO_NODES,
    ),
    outside(
        "2.7h",
        "While an environment is updated, jobs get jobExecutionTimeoutMinutes before their instance is replaced",
        "API, UpdatePolicy",
        "Infrastructure updates are not simulated",
    ),
    outside(
        "3.5a",
        "A job may have up to 10 containers in one task, which ends with an essential one and is as large as their sum",
        "API, EcsProperties and TaskContainerProperties",
        "Jobs of several containers are not simulated: a job that uses such a definition is refused (E116)",
    ),
    outside(
        "4.7a",
        "Quota shares lend and borrow capacity between shares of a queue, and preempt jobs to give it back",
        "User Guide, Quota shares (quota-shares)",
        "Quota shares exist in SageMaker's queues only, which are not simulated",
    ),
    outside(
        "5.11a",
        "Changes of an EC2 environment other than of its scaling replace its instances as jobs end",
        "User Guide, Updating compute environments (updating-compute-environments)",
        "Infrastructure updates are not simulated; changes of maxvCpus, minvCpus and state are (timed actions)",
    ),
    outside(
        "9.3a",
        "Container Insights publish counts and utilisation of tasks and instances",
        "User Guide, CloudWatch Container Insights (cloudwatch-container-insights-metrics)",
        "CloudWatch is not simulated; the tables, series and plots of a result show the same and more",
    ),
    outside(
        "10.1a",
        "Nodes of one type, one container each, in node ranges; retries restart all; not on Spot, Fargate or UNMANAGED",
        NODES,
        NO_NODES,
    ),
    outside(
        "10.2a",
        "A job is a pod, placed by requests; nodes keep CPU and memory back for the system and DaemonSets",
        EKS,
        NO_EKS,
    ),
]
