# Pictures of what happened: sheets of images chosen by a rule, curves, costs.


rule uncertainty_sheet:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/train_images.tsv",
    output:
        report(
            "results/{dataset}/figures/uncertainty.png",
            caption="../report/uncertainty.rst",
            category="Pictures",
            labels={"figure": "2 uncertainty beside the errors"},
        ),
    log:
        "results/{dataset}/logs/uncertainty_sheet.log",
    benchmark:
        "results/{dataset}/benchmarks/uncertainty_sheet.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        by="uncertainty",
        data=data("images", "masks"),
        quantiles=[0.5, 0.75, 0.9, 0.97],
        label=lambda wildcards: "{image}: mean uncertainty {uncertainty:.2f}",
        columns=lambda wildcards: [
            ("image", "image", ""),
            *known_truth(wildcards.dataset, "train"),
            ("cyclic mask", "mask", teacher_folder(wildcards, "cyclic_masks")),
            *(
                [("wrong", "wrong", teacher_folder(wildcards, "cyclic_masks"))]
                if known_truth(wildcards.dataset, "train")
                else []
            ),
            ("uncertainty", "uncertainty", teacher_folder(wildcards, "weights")),
        ],
        code=code("figures"),
    message:
        "Drawing the uncertainty of {wildcards.dataset}"
    script:
        "../workflow_scripts/image_sheet.py"


use rule uncertainty_sheet as comparison_sheet with:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/val_images_{backbone}.tsv",
    output:
        report(
            "results/{dataset}/figures/comparison_{backbone}.png",
            caption="../report/comparison.rst",
            category="Pictures",
            labels={"figure": "4 baseline against urn, {backbone}"},
        ),
    log:
        "results/{dataset}/logs/comparison_sheet_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/comparison_sheet_{backbone}.tsv"
    params:
        by="change",
        data=data("images", "masks", split="val"),
        quantiles=[1, 0.95, 0.5, 0.05, 0],
        label=lambda wildcards: "{image}: mIoU of this image {baseline:.1f} → {urn:.1f} ({change:+.1f})",
        columns=lambda wildcards: [
            ("image", "image", ""),
            ("ground truth", "truth", ""),
            *(
                (
                    name,
                    "mask",
                    f"results/{wildcards.dataset}/{wildcards.backbone}/{name}/predictions",
                )
                for name in ("baseline", "urn")
            ),
        ],
        code=code("figures"),
    message:
        "Drawing the baseline's and urn's predictions on {wildcards.dataset}"


use rule uncertainty_sheet as contact_sheet with:
    output:
        report(
            "results/{dataset}/figures/contact_sheet.png",
            caption="../report/contact_sheet.rst",
            category="Pictures",
            labels={"figure": "5 contact sheet of the training images"},
        ),
    log:
        "results/{dataset}/logs/contact_sheet.log",
    benchmark:
        "results/{dataset}/benchmarks/contact_sheet.tsv"
    params:
        by="position",
        data=data("images"),
        quantiles=[n / 23 for n in range(24)],
        tiles=2,
        label="",
        columns=lambda wildcards: [
            ("image", "image", ""),
            (
                "pseudo-mask",
                "mask",
                f"results/{wildcards.dataset}/pseudo_masks/{refiner(wildcards.dataset)}",
            ),
            ("cyclic mask", "mask", teacher_folder(wildcards, "cyclic_masks")),
            ("uncertainty", "uncertainty", teacher_folder(wildcards, "weights")),
        ],
        code=code("figures"),
    message:
        "A contact sheet of {wildcards.dataset}"


rule example:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/train_images.tsv",
        model="results/{dataset}/{backbone}/{supervision}/model.pth",
    output:
        "results/{dataset}/{backbone}/{supervision}/example.npz",
    log:
        "results/{dataset}/logs/example_{backbone}_{supervision}.log",
    benchmark:
        "results/{dataset}/benchmarks/example_{backbone}_{supervision}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("figures"),
    params:
        settings=settings("responses"),
        data=data("images"),
        resize=lambda wildcards: settings("segmentation")(wildcards)["resize"],
        working_size=lambda wildcards: working_size(wildcards.dataset),
        code=code(
            "segmentation", "windows.py", "files/archives.py", "figures/choice.py"
        ),
    message:
        "The response of {wildcards.backbone}/{wildcards.supervision} to the image of the figures"
    script:
        "../workflow_scripts/example.py"


rule pipeline_figure:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/train_images.tsv",
        cams=lambda wildcards: cam_shards(wildcards.dataset),
        baseline=lambda wildcards: teacher_folder(wildcards, "baseline/example.npz"),
        urn=lambda wildcards: teacher_folder(wildcards, "urn/example.npz"),
    output:
        report(
            "results/{dataset}/figures/pipeline.png",
            caption="../report/pipeline.rst",
            category="Pictures",
            labels={"figure": "1 one image through every stage"},
        ),
    log:
        "results/{dataset}/logs/pipeline_figure.log",
    benchmark:
        "results/{dataset}/benchmarks/pipeline_figure.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("figures"),
    params:
        data=data(*data_files.KINDS),
        ids=lambda wildcards, input: list(shards(wildcards.dataset, "train").values())[
            : len(input.cams)
        ],
        masks=lambda wildcards: {
            "pseudo-mask": (
                f"results/{wildcards.dataset}/pseudo_masks/{refiner(wildcards.dataset)}"
            ),
            "cyclic mask": teacher_folder(wildcards, "cyclic_masks"),
        },
        weights=lambda wildcards: teacher_folder(wildcards, "weights"),
        t=configuration.threshold(config),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        crf_backend=config["crf_backend"],
        code=code("files/archives.py", "figures", "refinement.py", "crf"),
    message:
        "Drawing one image of {wildcards.dataset} through every stage"
    script:
        "../workflow_scripts/pipeline_figure.py"


rule response_scales_figure:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/train_images.tsv",
        baseline=lambda wildcards: teacher_folder(wildcards, "baseline/example.npz"),
    output:
        report(
            "results/{dataset}/figures/response_scales.png",
            caption="../report/response_scales.rst",
            category="Pictures",
            labels={"figure": "3 narrow and wide response scales"},
        ),
    log:
        "results/{dataset}/logs/response_scales_figure.log",
    benchmark:
        "results/{dataset}/benchmarks/response_scales_figure.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("figures"),
    params:
        data=data("images", "masks"),
        scales=lambda wildcards: settings("uncertainty")(wildcards)["scales"],
        working_size=lambda wildcards: working_size(wildcards.dataset),
        crf_backend=config["crf_backend"],
        code=code("files/archives.py", "figures", "uncertainty.py", "crf"),
    message:
        "Drawing response scaling on an image of {wildcards.dataset}"
    script:
        "../workflow_scripts/response_scales_figure.py"


rule crf_figure:
    input:
        index=ancient("results/{dataset}/index.csv"),
        table="results/{dataset}/tables/train_images.tsv",
        baseline=lambda wildcards: teacher_folder(wildcards, "baseline/example.npz"),
    output:
        report(
            "results/{dataset}/figures/crf_parameters.png",
            caption="../report/crf_parameters.rst",
            category="Pictures",
            labels={"figure": "6 the parameters of the dense CRF"},
        ),
    log:
        "results/{dataset}/logs/crf_figure.log",
    benchmark:
        "results/{dataset}/benchmarks/crf_figure.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("figures"),
    params:
        data=data("images"),
        working_size=lambda wildcards: working_size(wildcards.dataset),
        crf_backend=config["crf_backend"],
        code=code("files/archives.py", "figures", "refinement.py", "crf"),
    message:
        "Drawing what the CRF's parameters do to an image of {wildcards.dataset}"
    script:
        "../workflow_scripts/crf_figure.py"


rule training_figure:
    input:
        lambda wildcards: list(trainings(wildcards.dataset)),
    output:
        report(
            "results/{dataset}/figures/training.png",
            caption="../report/training.rst",
            category="Training and cost",
            labels={"figure": "1 losses"},
        ),
    log:
        "results/{dataset}/logs/training_figure.log",
    benchmark:
        "results/{dataset}/benchmarks/training_figure.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        trainings=lambda wildcards: list(trainings(wildcards.dataset).values()),
        code=code("figures"),
    message:
        "Drawing the training curves of {wildcards.dataset}"
    script:
        "../workflow_scripts/training_figure.py"
