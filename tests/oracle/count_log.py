"""Random logs for the oracle of counting."""
from count_cell import DAY, HOUR, US
from count_event import Action, Control, Exposure
from count_rules import ACTIONS, MINUTE

STATES = ["stopped", "shipped", "reverted"]
BEGINS = [19700, 19996, 20085, 20449, 20813]  # days: an ordinary one; late September, Decembers, one with a leap day after


class Shape:
    """What kind of log: how coarse its times are (exact boundaries and ties), and what it has much of."""

    def __init__(self, rng, rules, long):
        self.long = long
        self.grid = rng.choice([1, 1, HOUR, 6 * HOUR, DAY] if long else [1, 1, US, US, 10 * MINUTE, HOUR, 6 * HOUR])
        self.names = ["c_one", "c_two", "s_three", "nowhere"][:rng.choice([1, 2, 4])]
        self.many = rng.random() < .03  # variants
        self.variants = [f"v{n}" for n in range(20)] if self.many else ["control", "B", "C"]
        self.exposures = .9 if self.many else rng.choice([.05, .2]) if long else .35
        self.controls = .4 if rng.random() < .04 else .04
        self.burst = rng.random() < .01
        self.scale = rng.choice([6 * HOUR, DAY, DAY, 3 * DAY, 7 * DAY] if long else [2 * US, MINUTE, 10 * MINUTE, HOUR])
        self.leaps = [30 * DAY, 100 * DAY, 200 * DAY] if long else [4 * HOUR, 3 * DAY]
        self.units = rng.choice([1, 2, 2, 5])
        self.daily = long and rng.random() < .15  # one unit does something nearly every day
        if self.daily:
            self.grid, self.scale, self.units, self.exposures = 1, 2 * DAY // 3, 1, .03
        value = [action for area in rules.areas for action in area.value]
        self.usual = rng.choice(value) if self.daily and value else None
        self.wild = rng.choice([.05, .3])  # exposures that care for no split


def floor(value, width):
    return value // width * width


def monday_near(rng, at):
    """The border of its week, or the last moment before."""
    return floor(at - 4 * DAY, 7 * DAY) + 4 * DAY - rng.choice([0, 1])


def make_event(rng, rules, clock, shape):
    lag = rng.choice([0, 0, 0, 0, rng.randrange(rules.lateness + 1), rng.randrange(3 * rules.lateness + 1),
                      rng.randrange(rng.choice([2 * DAY, 10 * DAY, 60 * DAY]) if shape.long else 3 * HOUR)])
    at = floor(clock - lag, shape.grid)
    if shape.long and rng.random() < .1:
        at = monday_near(rng, at)
    unit = 1 + rng.randrange(shape.units)
    identity = rng.getrandbits(63)
    if rng.random() < shape.exposures:
        wild = shape.many or rng.random() < shape.wild
        variant = rng.choice(shape.variants) if wild else shape.variants[unit % 2]
        return Exposure(unit, at, identity, shape.names[0] if shape.many else rng.choice(shape.names), variant)
    value = rng.choice([None, US, 3 * US // 2, -US, 0, 20 * US, 1, -7])
    usual = shape.usual and rng.random() < .9
    return Action(unit, at, identity, shape.usual if usual else rng.choice(ACTIONS), value)


def make_control(rng, clock, shape):
    shares = rng.choice([(), (("control", .5), ("B", .5)), (("control", .25), ("B", .75))])
    state = rng.choice(STATES) if rng.random() < (.4 if shape.controls < .1 else .03) else "started"
    at = floor(clock - rng.choice([0, 0, rng.randrange(HOUR)]), shape.grid)
    return Control(at, state, rng.choice(shape.names), shares if state == "started" else ())


def make_logs(rng, rules, long):
    """For the control topic and each input, in order: (clock at which it was written, record)."""
    n_inputs = rng.choice([1, 1, 2, 2, 3])
    shape = Shape(rng, rules, long)
    clock = rng.choice(BEGINS) * DAY + floor(rng.randrange(2 * DAY), shape.grid)
    logs = [[] for _ in range(n_inputs + 1)]
    for _ in range(rng.randrange(50, 150) if shape.daily else rng.randrange(5, 80)):
        step = rng.choice([0, US, rng.randrange(shape.scale), rng.randrange(4 * shape.scale)])
        if rng.random() < .01:
            step = rng.randrange(rng.choice(shape.leaps))
        elif shape.daily:
            step = rng.randrange(shape.scale)
        clock += step if shape.grid == 1 else floor(step, shape.grid) + rng.choice([0, 0, shape.grid])
        k = rng.randrange(1, n_inputs + 1)
        if rng.random() < shape.controls:
            logs[0].append((clock, make_control(rng, clock, shape)))
        elif logs[k] and rng.random() < .12:  # again, perhaps with another time
            again = rng.choice(logs[k][-6:])[1]
            logs[k].append((clock, again._replace(time=rng.choice([again.time, clock]))))
        else:
            logs[k].append((clock, make_event(rng, rules, clock, shape)))
    for _ in range(rng.randrange(250, 600) if shape.burst else 0):
        clock += rng.randrange(US // 4)
        logs[1].append((clock, Action(1, clock, rng.getrandbits(63), rng.choice(ACTIONS), US)))
    return logs
