# What a run has cost, and what one will.


rule cost:
    input:
        lambda wildcards: results(wildcards.dataset),
    output:
        table="results/{dataset}/tables/cost.tsv",
        figure=report(
            "results/{dataset}/figures/cost.png",
            caption="../report/cost.rst",
            category="Training and cost",
            labels={"figure": "2 cost of every stage"},
        ),
    log:
        "results/{dataset}/logs/cost.log",
    benchmark:
        "results/{dataset}/benchmarks/cost.tsv"
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        benchmarks="results/{dataset}/benchmarks",
        shards=lambda wildcards: {
            split: {
                shard: len(image_ids)
                for shard, image_ids in shards(wildcards.dataset, split).items()
            }
            for split in splits(wildcards.dataset)
        },
        trainings=lambda wildcards: images_of_trainings(wildcards.dataset),
        code=code("figures"),
    message:
        "What the jobs of {wildcards.dataset} cost"
    script:
        "../workflow_scripts/cost.py"


rule estimate:
    input:
        rates=f"{workflow.basedir}/slurm/rates.tsv",
    output:
        f"results/{config['dataset']}/tables/estimate.tsv",
    log:
        f"results/{config['dataset']}/logs/estimate.log",
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        work=lambda wildcards: planned_work(config["dataset"]),
    message:
        f"What a run of {config['dataset']} would cost, by the rates in {{input.rates}}"
    script:
        "../workflow_scripts/estimate.py"
