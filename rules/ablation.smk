# The paper's comparisons and ours: other weights, and tables over the seeds.


# Archives of their own: were those of the uncertainty made again, it would be, too, and all that
# follows it.
use rule responses as compared_responses with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        model="results/{dataset}/{backbone}/baseline/model.pth",
    output:
        responses=temp("results/{dataset}/{backbone}/baseline/compared/{shard}.npz"),
        variance=temp(
            "results/{dataset}/{backbone}/baseline/compared/{shard}_variance.npz"
        ),
    log:
        "results/{dataset}/logs/responses_{backbone}_compared_{shard}.log",
    benchmark:
        "results/{dataset}/benchmarks/responses_{backbone}_compared_{shard}.tsv"
    params:
        ids=lambda wildcards: shards(wildcards.dataset, "train")[wildcards.shard],
        settings=settings("responses"),
        data=data("images"),
        resize=lambda wildcards: settings("segmentation")(wildcards)["resize"],
        working_size=lambda wildcards: working_size(wildcards.dataset),
        code=rules.responses.params.code,
    message:
        "Responses of {wildcards.backbone} and their variance on {wildcards.dataset}, shard "
        "{wildcards.shard}"


for dataset in DATASETS:
    for name, shard, image_ids in shard_rules("weights", dataset, "train"):

        rule:
            name:
                name
            input:
                index=ancient(f"results/{dataset}/index.csv"),
                responses=f"results/{dataset}/{{backbone}}/baseline/compared/{shard}.npz",
                variance=f"results/{dataset}/{{backbone}}/baseline/compared/{shard}_variance.npz",
            output:
                [
                    f"results/{dataset}/{{backbone}}/weights_{{measure}}/{i}.png"
                    for i in image_ids
                ],
            log:
                f"results/{dataset}/logs/weights_{{measure}}_{{backbone}}_{shard}.log",
            benchmark:
                f"results/{dataset}/benchmarks/weights_{{measure}}_{{backbone}}_{shard}.tsv"
            conda:
                "../envs/urn.yaml"
            resources:
                **needs("uncertainty"),
            params:
                ids=image_ids,
                data=data("images", dataset=dataset, ids=image_ids),
                measure=lambda wildcards: config["measures"][wildcards.measure],
                working_size=working_size(dataset),
                crf_backend=config["crf_backend"],
                code=code(
                    "files/archives.py",
                    "uncertainty.py",
                    "measures.py",
                    "refinement.py",
                    "crf",
                ),
            message:
                f"Weights {{wildcards.measure}} of {dataset}, shard {shard}, by "
                "{wildcards.backbone}"
            script:
                "../workflow_scripts/weights.py"


use rule uncertainty_quality as weights_quality with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/cyclic_masks"
        ),
        weights=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/weights_{wildcards.measure}"
        ),
    output:
        scores="results/{dataset}/{backbone}/weights_{measure}.tsv",
        table="results/{dataset}/{backbone}/weights_{measure}_by_weight.tsv",
    log:
        "results/{dataset}/logs/weights_quality_{measure}_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/weights_quality_{measure}_{backbone}.tsv"
    message:
        "How well the weights {wildcards.measure} of {wildcards.backbone} find wrong pixels on "
        "{wildcards.dataset}"


rule ablation:
    input:
        lambda wildcards: [
            file
            for cell in ablation_cells(wildcards.dataset, wildcards.ablation)
            for file in cell.files
        ],
    output:
        table="results/{dataset}/tables/{ablation}.tsv",
        figure=report(
            "results/{dataset}/figures/{ablation}.png",
            caption="../report/ablation.rst",
            category="Ablations",
            labels={"figure": "{ablation}"},
        ),
    log:
        "results/{dataset}/logs/ablation_{ablation}.log",
    benchmark:
        "results/{dataset}/benchmarks/ablation_{ablation}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        cells=lambda wildcards: [
            vars(cell)
            for cell in ablation_cells(wildcards.dataset, wildcards.ablation)
        ],
        axis=lambda wildcards: ablations.axis(wildcards.ablation),
        joined=lambda wildcards: wildcards.ablation == "thresholds",
        code=code("figures"),
    message:
        "The table of {wildcards.ablation} on {wildcards.dataset}"
    script:
        "../workflow_scripts/ablation.py"


rule ablations:
    input:
        lambda wildcards: everything(config["dataset"]),
        lambda wildcards: ablation_targets(config["dataset"]),
    localrule: True
    message:
        f"All ablations of {config['dataset']} are done"
