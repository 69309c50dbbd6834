# What a run has cost, and what one will.


rule cost:
    input:
        jobs.of(targets.results),
    output:
        table=paths.table("cost"),
        figure=report(paths.figure("cost"), **figures.COST.place),
    log:
        paths.log("cost"),
    benchmark:
        paths.benchmark("cost")
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        benchmarks=paths.benchmarks,
        shards=jobs.of(work.images_of_shards),
        trainings=jobs.of(work.images_of_trainings),
        caption=figures.COST.told,
        code=jobs.code("cost"),
    message:
        "What the jobs of {wildcards.dataset} cost"
    script:
        "../workflow_scripts/cost.py"


rule estimate:
    input:
        rates=f"{workflow.basedir}/slurm/rates.tsv",
    output:
        plan.asked.paths.table("estimate"),
    log:
        plan.asked.paths.log("estimate"),
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        work=lambda wildcards: work.planned(plan.asked),
    message:
        f"What a run of {config['dataset']} would cost, by the rates in {{input.rates}}"
    script:
        "../workflow_scripts/estimate.py"
