"""PyInstaller's hook: a frozen program that imports this package has its files, too."""

import os

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files(os.path.basename(os.path.dirname(os.path.dirname(__file__))))
