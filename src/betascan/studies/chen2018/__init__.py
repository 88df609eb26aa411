"""chen2018: does penalising the total correlation disentangle, and does MIG measure it?"""
