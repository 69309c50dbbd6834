"""Every path of a run. A name in braces, such as `{backbone}`, makes a pattern for a rule.

Folders of PNGs are given as folders; `pngs` names the files in them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.plan.written import Mmsegmentation, Scores, Training

DOWNLOADS = "data/downloads"
RESULTS = "results"
PRETRAINED = f"{RESULTS}/pretrained"


@dataclass(frozen=True)
class Paths:
    """The files of one dataset's run."""

    dataset: str = "{dataset}"

    @property
    def root(self) -> str:
        """Of all that is made of the dataset."""
        return f"{RESULTS}/{self.dataset}"

    def log(self, job: str) -> str:
        """A job's log."""
        return f"{self.root}/logs/{job}.log"

    def benchmark(self, job: str) -> str:
        """A job's time and memory."""
        return f"{self.benchmarks}/{job}.tsv"

    @property
    def benchmarks(self) -> str:
        """Those of all jobs."""
        return f"{self.root}/benchmarks"

    def index(self, split: str = "train") -> str:
        """Train and val share an index."""
        return f"{self.root}/{'test_' * (split == 'test')}index.csv"

    @property
    def plan(self) -> str:
        """The settings as they hold for the dataset."""
        return f"{self.root}/plan.yaml"

    def table(self, name: str) -> str:
        """A table of the dataset, tab-separated."""
        return f"{self.root}/tables/{name}.tsv"

    def page(self, table: str) -> str:
        """The same table as a page of the report."""
        return f"{self.root}/tables/{table}.html"

    def figure(self, name: str) -> str:
        """A figure of the report."""
        return f"{self.figures}/{name}.png"

    @property
    def figures(self) -> str:
        """The folder of all figures."""
        return f"{self.root}/figures"

    @property
    def report(self) -> str:
        """The report that a whole run ends with."""
        return f"{self.root}/report.html"

    @property
    def front_page(self) -> str:
        """The report's front page."""
        return f"{self.root}/report/front_page.rst"

    @property
    def gallery(self) -> str:
        """The page on which every image can be looked at and judged."""
        return f"{self.root}/gallery/index.html"

    @property
    def gallery_data(self) -> str:
        """What it shows, beside it."""
        return f"{self.root}/gallery/data.js"

    def gallery_shard(self, split: str = "{split}", shard: str = "{shard}") -> str:
        """The folder of a shard's previews."""
        return f"{self.root}/gallery/{split}_{shard}"

    # The check of images and tags.

    @property
    def check(self) -> str:
        """The page on images and tags that can be made before any training."""
        return f"{self.root}/check/index.html"

    @property
    def doubted_tags(self) -> str:
        """The page on tags that the classifier contradicts."""
        return f"{self.root}/check/tags.html"

    def image_facts(self, split: str = "{split}", shard: str = "{shard}") -> str:
        """Sizes, contrasts and hashes of a shard's images."""
        return f"{self.root}/check/images/{split}_{shard}.tsv"

    def tag_scores(self, split: str = "{split}", shard: str = "{shard}") -> str:
        """The classifier's scores of a shard's images."""
        return f"{self.root}/check/scores/{split}_{shard}.tsv"

    # Classifiers, CAMs and pseudo-masks.

    @property
    def classifier(self) -> Training:
        """Of image tags, for the CAMs."""
        return Training(f"{self.root}/cam", "classifier.pth")

    @property
    def second_classifier(self) -> Training:
        """PMM's second, trained on crops."""
        return Training(f"{self.root}/multi_crop", "classifier.pth")

    @property
    def affinity(self) -> Training:
        """AffinityNet."""
        return Training(f"{self.root}/affinity", "network.pth")

    def cams(self, shard: str = "{shard}") -> str:
        """The classifier's CAMs of a shard."""
        return f"{self.root}/cam/shards/{shard}.npz"

    def second_cams(self, shard: str = "{shard}") -> str:
        """The second classifier's."""
        return f"{self.root}/multi_crop/shards/{shard}.npz"

    @property
    def cam_scores(self) -> Scores:
        """Of the CAMs at their best threshold."""
        return Scores(f"{self.root}/cam/")

    @property
    def cam_thresholds(self) -> str:
        """Their mIoU at every threshold."""
        return f"{self.root}/cam/thresholds.tsv"

    @property
    def rough_masks(self) -> str:
        """What the second classifier's crops are labelled by."""
        return f"{self.root}/multi_crop/rough_masks"

    @property
    def affinity_labels(self) -> str:
        """What AffinityNet learns from."""
        return f"{self.root}/affinity/labels"

    def pseudo_masks(self, refiner: str = "{refiner}") -> str:
        """A refiner's masks of the CAMs; `own`: the user's."""
        return f"{self.root}/pseudo_masks/{refiner}"

    def cuts(self, refiner: str = "{refiner}", shard: str = "{shard}") -> str:
        """What a refiner's masks of a shard cost, at every alpha."""
        return f"{self.pseudo_masks(refiner)}_cuts/{shard}.tsv"

    def chosen_alphas(self, refiner: str = "{refiner}") -> str:
        """The alpha of every class in every image, chosen by these."""
        return f"{self.pseudo_masks(refiner)}_alpha.tsv"

    def alphas_considered(self, refiner: str = "{refiner}") -> str:
        """Every alpha's mean cost, and how often it was chosen."""
        return f"{self.pseudo_masks(refiner)}_cuts.tsv"

    def pseudo_mask_scores(self, refiner: str = "{refiner}") -> Scores:
        """Of these on train."""
        return Scores(f"{self.pseudo_masks(refiner)}_")

    def alpha_choice(self, choice: str = "{choice}") -> str:
        """The mIoU of the first shard's pseudo-masks, by how alpha was chosen."""
        return f"{self.root}/pseudo_masks/alpha_{choice}_miou.txt"

    @property
    def corrections(self) -> str:
        """The folder of the masks that people drew, for the images that have one."""
        return f"{self.root}/corrections"

    # What belongs to a backbone: its cyclic masks, weight masks and final score.

    def backbone(self, backbone: str) -> str:
        """The folder of all its trainings."""
        return f"{self.root}/{backbone}"

    def cyclic_masks(self, backbone: str = "{backbone}") -> str:
        """Masks by the backbone's baseline."""
        return f"{self.backbone(backbone)}/cyclic_masks"

    def cyclic_mask_scores(self, backbone: str = "{backbone}") -> Scores:
        """Of these on train."""
        return Scores(f"{self.cyclic_masks(backbone)}_")

    def weights(self, backbone: str = "{backbone}", measure: str | None = None) -> str:
        """Weight masks by response scaling, or by another measure of uncertainty."""
        return f"{self.backbone(backbone)}/weights{f'_{measure}' if measure else ''}"

    def weight_quality(self, backbone: str = "{backbone}", measure: str | None = None) -> str:
        """How well weight masks find wrong pixels, in numbers of the whole."""
        name = f"weights_{measure}" if measure else "uncertainty"
        return f"{self.backbone(backbone)}/{name}.tsv"

    def quality_by_weight(self, backbone: str = "{backbone}", measure: str | None = None) -> str:
        """The same for every weight."""
        return self.weight_quality(backbone, measure).replace(".tsv", "_by_weight.tsv")

    def label_choice(self, backbone: str = "{backbone}", score: str = "{score}") -> str:
        """A score of the first shard's cyclic masks, by which labels a response may have."""
        return f"{self.cyclic_masks(backbone)}_labels_{score}"

    def next_images(self, backbone: str = "{backbone}") -> str:
        """Which train images to correct first, by the backbone's uncertainty."""
        return f"{self.backbone(backbone)}/tables/next.tsv"

    def next_images_page(self, backbone: str = "{backbone}") -> str:
        """The same to look at."""
        return f"{self.backbone(backbone)}/tables/next.html"

    def final_score(self, backbone: str = "{backbone}") -> str:
        """The mIoU of urn."""
        return f"{self.backbone(backbone)}/miou.txt"

    def submission(self, backbone: str = "{backbone}") -> str:
        """Predictions for VOC's evaluation server."""
        return f"{self.backbone(backbone)}/submission.tgz"

    def exported(self, backbone: str = "{backbone}", kind: str = "{kind}") -> str:
        """A folder of the backbone's cyclic masks in another trainer's format."""
        return f"{self.backbone(backbone)}/exports/{kind}"

    # What belongs to a segmentation model: a backbone under a supervision.

    def model_folder(self, backbone: str, supervision: str) -> str:
        """The folder of one model."""
        return f"{self.backbone(backbone)}/{supervision}"

    def training(
        self, backbone: str = "{backbone}", supervision: str = "{supervision}"
    ) -> Training:
        """Of a segmentation model."""
        return Training(self.model_folder(backbone, supervision))

    def responses(
        self,
        backbone: str = "{backbone}",
        supervision: str = "{supervision}",
        split: str = "{split}",
        shard: str = "{shard}",
    ) -> str:
        """A model's responses to a shard."""
        return f"{self.model_folder(backbone, supervision)}/responses/{split}_{shard}.npz"

    def compared_responses(self, shard: str = "{shard}", variance: bool = False) -> str:
        """The baseline's once more, for other measures of uncertainty, or their variance."""
        folder = self.model_folder("{backbone}", "baseline")
        return f"{folder}/compared/{shard}{'_variance' * variance}.npz"

    def example(self, backbone: str = "{backbone}", supervision: str = "{supervision}") -> str:
        """The response to the one image that figures explain the method with."""
        return f"{self.model_folder(backbone, supervision)}/example.npz"

    def predictions(
        self,
        backbone: str = "{backbone}",
        supervision: str = "{supervision}",
        split: str = "val",
    ) -> str:
        """A model's masks of val or test."""
        folder = self.model_folder(backbone, supervision)
        return f"{folder}/{'test_' * (split == 'test')}predictions"

    def prediction_scores(
        self, backbone: str = "{backbone}", supervision: str = "{supervision}"
    ) -> Scores:
        """Of those on val."""
        return Scores(f"{self.model_folder(backbone, supervision)}/")

    def bundle(self, backbone: str = "{backbone}", supervision: str = "{supervision}") -> str:
        """A model to hand over: ONNX, weights, model card."""
        return f"{self.model_folder(backbone, supervision)}/model.zip"

    def mmsegmentation(
        self, backbone: str = "{backbone}", supervision: str = "{supervision}"
    ) -> Mmsegmentation:
        """The same for mmsegmentation."""
        return Mmsegmentation(f"{self.model_folder(backbone, supervision)}/mmseg")


def pngs(folder: str, image_ids: Iterable[str]) -> list[str]:
    """The PNG of every image in a folder."""
    return [f"{folder}/{image_id}.png" for image_id in image_ids]


def pretrained(backbone: str = "{backbone}") -> str:
    """A backbone's ImageNet weights, checked and brought into one form."""
    return f"{PRETRAINED}/{backbone}.pth"
