# onedl-mmcv asks pip for opencv-python, which needs X libraries and overwrites the headless build.
pip uninstall --yes opencv-python
pip install --no-deps --force-reinstall opencv-python-headless==5.0.0.93
