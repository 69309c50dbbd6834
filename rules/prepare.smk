# Official files -> a dataset's images, masks and lists: `snakemake -- prepare_<dataset>`, before all else.

VOC_FOLDER = "VOCdevkit/VOC2012"
VOC_LISTS = "ImageSets/Segmentation"

# Of a layout: the rule that unpacks, archives, their folder, and files that must then be there.
UNPACKED = [
    (
        *("voc", "unpack_{}", ["voc2012"], VOC_FOLDER),
        [f"{VOC_LISTS}/train.txt", f"{VOC_LISTS}/val.txt"],
    ),
    (
        *("voc", "prepare_{}_test", ["voc2012_test"], VOC_FOLDER),
        [f"{VOC_LISTS}/test.txt"],
    ),
    (
        *("coco", "unpack_{}"),
        ["coco2014_train", "coco2014_val", "coco2014_annotations"],
        ".",
        [f"annotations/instances_{folder}.json" for folder in ("train2014", "val2014")],
    ),
]
DOWNLOADED = [d for d, entry in DATASETS.items() if entry.get("download", False)]


for dataset in DOWNLOADED:
    for layout, name, archives, below, files in UNPACKED:
        if layout == DATASETS[dataset]["layout"]:

            rule:
                name:
                    name.format(dataset)
                input:
                    [published("archives", archive) for archive in archives],
                output:
                    [f"{root(dataset)}/{file}" for file in files],
                log:
                    f"results/{dataset}/logs/{name.format(dataset)}.log",
                benchmark:
                    f"results/{dataset}/benchmarks/{name.format(dataset)}.tsv"
                conda:
                    "../envs/urn.yaml"
                resources:
                    **needs("index"),
                params:
                    root=lambda wildcards, dataset=dataset: root(dataset),
                    below=below,
                    checksums=[checksum("archives", archive) for archive in archives],
                message:
                    f"Unpacking {', '.join(archives)} into {root(dataset)}"
                script:
                    "../workflow_scripts/unpack.py"


for dataset in [d for d in DOWNLOADED if DATASETS[d]["layout"] == "voc"]:

    rule:
        name:
            f"prepare_{dataset}"
        input:
            train=f"{root(dataset)}/{VOC_LISTS}/train.txt",
            val=f"{root(dataset)}/{VOC_LISTS}/val.txt",
            sbd=published("archives", "sbd"),
        output:
            f"{root(dataset)}/{VOC_LISTS}/trainaug.txt",
        log:
            f"results/{dataset}/logs/prepare.log",
        benchmark:
            f"results/{dataset}/benchmarks/prepare.tsv"
        conda:
            "../envs/urn.yaml"
        resources:
            **needs("index"),
        params:
            masks=lambda wildcards, dataset=dataset: f"{root(dataset)}/SegmentationClass",
            checksum=checksum("archives", "sbd"),
            code=code("datasets/ids.py", "datasets/sbd.py", "datasets/unpack.py"),
        message:
            f"Adding SBD's masks to {dataset}, and deriving trainaug"
        script:
            "../workflow_scripts/prepare_voc.py"


for dataset in [d for d, entry in DATASETS.items() if entry["layout"] == "coco"]:

    rule:
        name:
            f"prepare_{dataset}"
        input:
            [
                f"{root(dataset)}/annotations/instances_{DATASETS[dataset][split]}.json"
                for split in configuration.SPLITS
            ],
        output:
            configuration.lists(DATASETS[dataset]),
        log:
            f"results/{dataset}/logs/prepare.log",
        benchmark:
            f"results/{dataset}/benchmarks/prepare.tsv"
        conda:
            "../envs/urn.yaml"
        threads: 8
        resources:
            **needs("index"),
        params:
            masks=lambda wildcards, dataset=dataset: f"{root(dataset)}/masks",
            code=code(
                "datasets/coco.py",
                "datasets/ids.py",
                "datasets/instances.py",
                "datasets/layouts.py",
            ),
        message:
            f"Masks and tags of {dataset}, from its annotated objects"
        script:
            "../workflow_scripts/prepare_coco.py"
