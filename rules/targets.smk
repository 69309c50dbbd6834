# Which files a dataset has: scores, figures, tables. Functions for the rules' inputs.


def cam_shards(dataset):
    if refiner(dataset) == "own":
        return []
    return [
        f"results/{dataset}/cam/shards/{shard}.npz"
        for shard in shards(dataset, "train")
    ]


def stages(dataset):
    """Every stage whose masks are scored: split, name, and what its files begin with."""
    root = f"results/{dataset}"
    entry = DATASETS[dataset]
    scored = configuration.evaluated(entry)
    rows = []
    if "train" in scored:
        if refiner(dataset) != "own":
            rows.append(("train", "CAMs", f"{root}/cam/"))
        rows += [
            ("train", "pseudo-masks", f"{root}/pseudo_masks/{refiner(dataset)}_"),
            ("train", "cyclic masks", f"{root}/{entry['teacher']}/cyclic_masks_"),
        ]
    if "val" in scored:
        runs = entry["runs"].items()
        rows += [
            ("val", f"{b} {s}", f"{root}/{b}/{s}/") for b, names in runs for s in names
        ]
    return rows


def stage_files(dataset, ending):
    return [f"{beginning}{ending}" for _, _, beginning in stages(dataset)]


def teacher_folder(wildcards, folder):
    root = f"results/{wildcards.dataset}"
    return f"{root}/{DATASETS[wildcards.dataset]['teacher']}/{folder}"


def known_truth(dataset, split):
    """The column of a sheet with the ground truth, where there is one."""
    known = split in configuration.evaluated(DATASETS[dataset])
    return [("ground truth", "truth", "")] if known else []


def trainings(dataset):
    """The curves of a dataset's trainings, and the panel and name each is drawn with."""
    root = f"results/{dataset}"
    curves = {f"{root}/cam/curve.tsv": ("classifier", "classifier")}
    if refiner(dataset) == "own":
        curves = {}
    for backbone, rows in DATASETS[dataset]["runs"].items():
        for row in rows:
            name = ("segmentation", f"{backbone} {row}")
            curves[f"{root}/{backbone}/{row}/curve.tsv"] = name
    return curves


def figures(dataset):
    """The figures that a dataset's runs and masks allow."""
    root = f"results/{dataset}/figures"
    entry = DATASETS[dataset]
    scored = configuration.evaluated(entry)
    names = ["uncertainty", "response_scales", "crf_parameters", "contact_sheet"]
    names += ["training", "cost"]
    if "urn" in entry["runs"].get(entry["teacher"], []):
        names.append("pipeline")
    if scored:
        names += ["stages", "classes"]
    if "train" in scored:
        names.append(f"reliability_{entry['teacher']}")
    names += [f"comparison_{backbone}" for backbone in compared(dataset)]
    return [f"{root}/{name}.png" for name in names]


def compared(dataset):
    """The backbones of which both baseline and urn have scores."""
    if "val" not in configuration.evaluated(DATASETS[dataset]):
        return []
    runs = DATASETS[dataset]["runs"].items()
    return [backbone for backbone, rows in runs if {"baseline", "urn"} <= set(rows)]


def everything(dataset):
    """What a plain run makes of a dataset."""
    return [
        *results(dataset),
        *figures(dataset),
        *pages(front_page_tables(dataset).values()),
        f"results/{dataset}/report/front_page.rst",
    ]


def ablation_cells(dataset, ablation):
    cells = ablations.cells(config, dataset, ablation)
    if not cells:
        raise WorkflowError(
            f"dataset {dataset} has no {ablation} to compare: it needs masks for val, and "
            "backbones or a refiner to choose between"
        )
    return cells


def ablation_targets(dataset):
    """Figures and tables of the ablations that a dataset allows."""
    root = f"results/{dataset}"
    allowed = [n for n in ablations.TABLES if ablations.cells(config, dataset, n)]
    return [
        file
        for name in allowed
        for file in (f"{root}/figures/{name}.png", f"{root}/tables/{name}.html")
    ]


def pages(tables):
    return [table.replace(".tsv", ".html") for table in tables]


def front_page_tables(dataset):
    """The tables that the front page tells of, by name."""
    entry = DATASETS[dataset]
    tables = {"cost": "cost"}
    if configuration.evaluated(entry):
        tables |= {"stages": "stages", "classes": "classes"}
    if "train" in configuration.evaluated(entry):
        tables["uncertainty"] = f"uncertainty_{entry['teacher']}"
    return {
        name: f"results/{dataset}/tables/{table}.tsv" for name, table in tables.items()
    }
