# How much there is to compute, by dataset.


def images_of_trainings(dataset):
    """Images that a dataset's trainings see, each time counted, by how their jobs' names begin."""
    entry = DATASETS[dataset]
    trained = {
        "train_classifier": configuration.resolve(config, dataset, "classification"),
        "train_multi_crop_classifier": configuration.resolve_multi_crop(
            config, dataset
        ),
        "train_affinity": configuration.resolve(config, dataset, "affinity"),
    } | {
        f"train_{backbone}": configuration.resolve(
            config, dataset, "segmentation", backbone
        )
        for backbone in [*configuration.BACKBONES, *entry["runs"], entry["teacher"]]
    }
    return {
        name: resolved["iterations"] * resolved["batch_size"]
        for name, resolved in trained.items()
    }


def masking_backbones(dataset):
    """The backbones whose baselines make cyclic masks and weights in a plain run."""
    runs = DATASETS[dataset]["runs"].items()
    own = [
        b for b, rows in runs if any(SUPERVISIONS[r]["masks"] == "self" for r in rows)
    ]
    return list(dict.fromkeys([DATASETS[dataset]["teacher"], *own]))


def planned_trainings(dataset):
    """Backbone and supervision of every model that a plain run trains; last, those not asked for."""
    runs = DATASETS[dataset]["runs"].items()
    asked = [(backbone, row) for backbone, rows in runs for row in rows]
    needed = [(backbone, "baseline") for backbone in masking_backbones(dataset)]
    return list(dict.fromkeys(asked + needed))


def planned_refiners(dataset):
    """The refiners whose masks a plain run makes, the dataset's own first."""
    rows = [SUPERVISIONS[row] for _, row in planned_trainings(dataset)]
    others = [row["refiner"] for row in rows if "refiner" in row]
    return list(dict.fromkeys([refiner(dataset), *others]))


def planned_work(dataset):
    """Stage, of what, jobs and images of what a plain run of a dataset computes."""
    train, val = (shards(dataset, split) for split in configuration.SPLITS)
    on_train = (len(train), sum(map(len, train.values())))
    on_val = (len(val), sum(map(len, val.values())))
    seen = images_of_trainings(dataset)
    refiners = planned_refiners(dataset)
    work = [("index", "", 1, on_train[1] + on_val[1])]

    def of_network(name, before, after):
        work.extend((stage, "", *on_train) for stage in before)
        work.append((name, "", 1, seen[name]))
        work.extend((stage, "", *on_train) for stage in after)

    if set(refiners) != {"own"}:
        of_network("train_classifier", [], ["cams"])
        if multi_crop(dataset)["enabled"]:
            name = "train_multi_crop_classifier"
            of_network(name, ["rough_masks"], ["multi_crop_cams"])
    if "affinity" in refiners:
        of_network("train_affinity", ["affinity_labels"], [])
    work += [("pseudo_masks", name, *on_train) for name in refiners]
    for backbone, row in planned_trainings(dataset):
        model = f"{backbone}/{row}"
        work.append(("train_segmentation", model, 1, seen[f"train_{backbone}"]))
        if row == "baseline" and backbone in masking_backbones(dataset):
            work.append(("responses", f"{model} train", *on_train))
            work.append(("uncertainty", backbone, *on_train))
        if val and row in DATASETS[dataset]["runs"].get(backbone, []):
            work.append(("responses", f"{model} val", *on_val))
            work.append(("predictions", model, *on_val))
    return work
