"""How the engine's learned numbers are learned: the parts of `weigh_evidence.py`.

`material` names what is listened to, `listening` asks the engine's own stages what they hear,
`judging` says how good each answer is, `learning` turns that into weights, and `writing` into a
module of the engine.
"""
