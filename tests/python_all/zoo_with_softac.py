"""The Zoo's train.py or enjoy.py with softac.SAC in the place of SB3's: zoo_with_softac.py WHAT ARGUMENTS…"""

import sys

import rl_zoo3
import rl_zoo3.utils

import softac

for table in (rl_zoo3.utils.ALGOS, rl_zoo3.ALGOS):
    table["sac"] = softac.SAC

if sys.argv.pop(1) == "train":
    from rl_zoo3.train import train as run
else:
    from rl_zoo3.enjoy import enjoy as run
run()
