"""Fully connected (dense) conditional random fields behind one class."""

from urn.crf.dense_crf import DenseCRF
from urn.crf.parameters import CAM_CRF, PPMG_CRF, SEGMENTATION_CRF, CRFParameters

__all__ = ["CAM_CRF", "PPMG_CRF", "SEGMENTATION_CRF", "CRFParameters", "DenseCRF"]
