"""Heaters as physics: what a heater, its sensor, its regulator and its protection do.

The plant is the model that Marlin's own MPC regulator uses: a block of one heat capacity, a heater of one power, losses
to the air that grow with the fan, heat carried away by the filament, and a sensor that lags behind.

    C dT/dt = P duty - (h + h_fan fan + c_filament v_filament) (T - ambient)
    dS/dt   = r (T - S)

Over a step in which duty, fan and flow stay, T follows its exponential exactly, however long the step is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

AMBIENT = 22.0
"""Temperature of the room."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One heated thing: W, J/K, W/K; `responsiveness` is the sensor's 1/s."""

    power: float
    capacity: float
    loss: float
    fan_loss: float = 0.0
    filament_capacity: float = 0.0
    responsiveness: float = 1.0


HOTENDS = {
    # Marlin, Configuration_adv.h: the defaults of its MPC regulator, measured with M306 T on an E3D V6 of 40 W
    "v6": Plant(40.0, 16.7, 0.068, 0.029, 5.6e-3, 0.22),
    # Prusa-Firmware, thermal_model/e3d_v6.h: 38 W, 12.1 J/K, 20.5 K/W with the fan off and 10.1 with it on
    "prusa-v6": Plant(38.0, 12.1, 1 / 20.5, 1 / 10.1 - 1 / 20.5, 5.6e-3, 0.5),
    # Prusa-Firmware, thermal_model/e3d_REVO.h: 40 W, 8.77 J/K, 25.3 K/W and 15.4 with the fan on
    "revo": Plant(40.0, 8.77, 1 / 25.3, 1 / 15.4 - 1 / 25.3, 5.6e-3, 1.0),
}
"""Published hotends."""

BEDS = {
    # 214 x 214 x 3 mm aluminium and a spring steel sheet, 24 V and 1 ohm less its wires: 60 C in 2 minutes, 100 C in 5
    "mk52": Plant(220.0, 560.0, 1.05, responsiveness=0.3),
    # RepRap wiki, "Heatbeds": 120 W at 12 V; a glass plate on a PCB: 60 C in 4 minutes, 100 C in 11
    "mk2b": Plant(120.0, 540.0, 0.9, responsiveness=0.2),
}
"""Published beds."""


@dataclass(frozen=True, slots=True)
class Guard:
    """When a firmware calls a heater unsafe: Marlin's thermal protection, C and s."""

    maximum: float
    minimum: float = 5.0
    watch: float = 40.0
    rise: float = 2.0
    runaway: float = 40.0
    hysteresis: float = 4.0


@dataclass(slots=True)
class Heater:
    """A plant under a regulator, with its sensor and the protection that watches both.

    `gains` are those of a PID that switches to full power or none far from the target, as Marlin's does; without them
    the heater is switched by its target alone. A `relay` is a duty that a command sets in place of the regulator.
    Without a guard nothing is watched, as in careless firmwares. `broken` and `sensor` are faults.
    """

    plant: Plant
    guard: Guard | None
    gains: tuple[float, float, float] | None = None
    temperature: float = AMBIENT
    reading: float = AMBIENT
    target: float = 0.0
    duty: float = 0.0
    relay: float | None = None
    broken: bool = False
    sensor: str = ""
    _sensed: float = AMBIENT  # what a sound sensor would read
    _integral: float = 0.0
    _error: float = 0.0
    _watch: tuple[float, float] | None = None  # by when which reading must be reached
    _calm: float = -1.0  # when the reading was last where it belongs; -1 before the first time

    def aim(self, target: float, now: float) -> None:
        """Set the target; a heater that has to rise is watched from now on."""
        self.target = target
        self._calm = -1.0
        guard = self.guard
        rising = guard and target > 0 and self.reading < target - guard.rise - WATCH_MARGIN
        self._watch = (now + guard.watch, self.reading + guard.rise) if guard and rising else None

    def off(self, now: float) -> None:
        """Switch off at once."""
        self.aim(0.0, now)
        self.relay = None
        self.duty = 0.0

    def live(self, seconds: float, fan: float = 0.0, filament: float = 0.0) -> None:
        """Let `seconds` pass at the present duty; `filament` is in mm/s."""
        plant = self.plant
        loss = plant.loss + plant.fan_loss * fan + plant.filament_capacity * max(filament, 0.0)
        power = 0.0 if self.broken else plant.power * self.duty
        settled = AMBIENT + power / loss
        before = self.temperature
        self.temperature = settled + (before - settled) * exp(-loss * seconds / plant.capacity)
        # the sensor follows the mean of a step that is short against the block's time constant
        mean = (before + self.temperature) / 2
        self._sensed = mean + (self._sensed - mean) * exp(-plant.responsiveness * seconds)
        self.reading = SENSOR_FAULTS.get(self.sensor, self._sensed)

    def regulate(self, seconds: float) -> None:
        """Choose the duty for the next step from what the sensor says."""
        error = self.target - self.reading
        if self.relay is not None:
            self.duty = self.relay
        elif self.target <= 0:
            self.duty = self._integral = 0.0
        elif self.gains is None:
            self.duty = 1.0 if error > 0 else 0.0
        elif abs(error) > FUNCTIONAL_RANGE:
            self.duty = 1.0 if error > 0 else 0.0
            self._integral, self._error = 0.0, error
        else:
            self.duty = self._pid(error, seconds)

    def _pid(self, error: float, seconds: float) -> float:
        p, i, d = self.gains or (0.0, 0.0, 0.0)
        slope = (error - self._error) / seconds
        self._error = error
        integral = self._integral + error * seconds
        output = (p * error + i * integral + d * slope) / 255.0
        if 0.0 <= output <= 1.0 or output * error < 0:  # do not wind up against a stop
            self._integral = integral
        return min(max(output, 0.0), 1.0)

    def trip(self, now: float) -> str:
        """Return what the protection says: "" while all is well."""
        guard, reading = self.guard, self.reading
        if guard is None:
            return ""
        if reading >= guard.maximum:
            return "MAXTEMP triggered"
        if reading <= guard.minimum:
            return "MINTEMP triggered"
        if self.target <= 0:
            return ""
        if self._watch and now >= self._watch[0]:
            if reading < self._watch[1]:
                return "Heating failed"
            self.aim(self.target, now)
        if reading >= self.target - guard.hysteresis:
            self._calm = now
        elif self._calm >= 0 and now - self._calm > guard.runaway:
            return "Thermal Runaway"
        return ""


WATCH_MARGIN = 2.0
"""K that a rise must leave to the target for it to be watched."""

TOO_HOT = 15.0
"""K under the guard's maximum beyond which no target is taken (Marlin's HOTEND_OVERSHOOT)."""

FUNCTIONAL_RANGE = 10.0
"""K around the target in which the PID regulates (Marlin's PID_FUNCTIONAL_RANGE)."""

SENSOR_FAULTS = {
    "open": -14.0,  # no current: the cold end of the firmware's table
    "short": 999.0,
    "loose": AMBIENT,  # fell out of its hole: it measures the room
}
"""What a broken thermistor measures."""

HOTEND_GUARD = Guard(maximum=290.0)
BED_GUARD = Guard(maximum=125.0, watch=60.0, runaway=20.0, hysteresis=2.0)
HOTEND_PID = (22.2, 1.08, 114.0)
"""Marlin's default gains."""
