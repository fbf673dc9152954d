"""Rules and events as the oracle of counting knows them. Times are integers in microseconds."""
from collections import namedtuple

Area = namedtuple("Area", "id prefix value activation goal worth")  # value: actions; goal, worth: ids of metrics
Metric = namedtuple("Metric", "id type area role since window before cap bound actions parts funnel")
Funnel = namedtuple("Funnel", "id area window steps")  # steps: [(action, max_gap)]
Feature = namedtuple("Feature", "id area use aware eligible")
Exposure = namedtuple("Exposure", "unit time identity experiment variant")
Action = namedtuple("Action", "unit time identity action value")
Control = namedtuple("Control", "time state experiment shares")
Placed = namedtuple("Placed", "place kind subject input identity seq event")


class Rules:
    def __init__(self, **options):
        self.lateness = self.hold = self.dedup = self.forget = 0
        self.experiments = 1000
        self.areas, self.metrics, self.funnels, self.features, self.actions = [], [], [], [], []
        self.read_in = {}  # of each area, once it was asked for
        self.__dict__.update(options)

    def read(self, *names):
        for name in names:
            if name not in self.actions:
                self.actions.append(name)

    def area_of(self, experiment):
        for area in self.areas:
            if experiment.startswith(area.prefix):
                return area
        return None

    def observed(self, area):
        return bool(area.value or any(f.area == area.id for f in self.features)
                    or any(m.area == area.id and m.role == "derive" for m in self.metrics))

    def read_by(self, area):
        """Actions that some rule of the area reads."""
        if area.id in self.read_in:
            return self.read_in[area.id]
        names = self.read_in[area.id] = set(area.value)
        for metric in self.metrics:
            names.update(metric.actions if metric.area == area.id else ())
        for funnel in self.funnels:
            names.update(step for step, _ in funnel.steps if funnel.area == area.id)
        for feature in self.features:
            names.update((*feature.use, *feature.aware, *feature.eligible) if feature.area == area.id else ())
        return names
