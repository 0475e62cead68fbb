"""Compares the product with what was measured: the runoff of all sub-catchments above Trenton against its gauge.

Prints the Nash-Sutcliffe efficiency of the daily discharge of 1980 (1979 fills the model's stores), with nothing of rerunoff's `[objective]`, and
fails below LEAST_EFFICIENCY. There is no routing: the sub-catchments' discharges of a day are added up as they are. Right is 0.892;
days that are off by one give 0.866 or 0.770, so the limit lies between.
"""

import datetime
import sys
from pathlib import Path

import netCDF4
import numpy as np

DATA = Path(__file__).parent / "data"
GAUGE = "01463500"  # Delaware River at Trenton, New Jersey
YEAR = 1980
LEAST_EFFICIENCY = 0.88
CUBIC_METRES_PER_CUBIC_FOOT = 0.3048**3


def texts(variable):
    """The values of a text or integer variable as str, whether text is kept as strings or as characters."""
    values = variable[:]
    if values.dtype.kind == "S" and values.ndim == 2:
        values = netCDF4.chartostring(values)
    return [str(value) for value in values]


def days(variable):
    """The dates of a time coordinate."""
    times = netCDF4.num2date(variable[:], variable.units, only_use_cftime_datetimes=False)
    return [time.date() for time in times]


def upstream():
    """The ids of all sub-catchments that drain to the gauge.

    Segments are numbered from 1 and name the one below them, 0 at an outlet.
    """
    with netCDF4.Dataset(DATA / "parameters_dis_seg.nc") as segments:
        below = [int(segment) for segment in segments["tosegment"][:]]
        gauge = texts(segments["poi_gage_id"]).index(GAUGE)
        target = int(segments["poi_gage_segment"][gauge])
    with netCDF4.Dataset(DATA / "parameters_PRMSChannel.nc") as channels:
        ids = texts(channels["nhm_id"])
        entries = [int(segment) for segment in channels["hru_segment"][:]]

    def reaches_target(segment):
        while segment > 0 and segment != target:
            segment = below[segment - 1]
        return segment == target

    return {hru for hru, segment in zip(ids, entries) if reaches_target(segment)}


def observed():
    """Date → the gauge's mean discharge of that day, m³/s."""
    with netCDF4.Dataset(DATA / "drb_2yr_gage_poi_obs.nc") as gauges:
        gauge = texts(gauges["poi_id"]).index(GAUGE)
        discharge = gauges["discharge"][gauge, :].filled(np.nan) * CUBIC_METRES_PER_CUBIC_FOOT
        return dict(zip(days(gauges["time"]), discharge))


def simulated(product, wanted):
    """Date → the wanted sub-catchments' mean discharge of that day, m³/s.

    Raven labels a daily mean with the end of the day, so its label would be one day late. In the product it is right
    already: Raven's first row is the state at the start, and without it the first row left, labelled with the second
    day, is the product's first time step, the first day.
    """
    with netCDF4.Dataset(product) as results:
        ids = texts(results["catchment"])
        columns = [column for column, catchment in enumerate(ids) if catchment in wanted]
        if len(columns) != len(wanted):
            sys.exit(f"{product} has {len(columns)} of the {len(wanted)} sub-catchments above the gauge")
        discharge = results["discharge"][:, columns]
        if np.ma.is_masked(discharge):
            sys.exit(f"{product}: discharge is missing for some of the sub-catchments; see its status variable")
        return dict(zip(days(results["time"]), np.ma.getdata(discharge).sum(axis=1)))


def efficiency(simulation, observation):
    """Nash-Sutcliffe efficiency: 1 for a perfect simulation, 0 for one as good as the mean of the observation."""
    errors = np.sum((simulation - observation) ** 2)
    spread = np.sum((observation - observation.mean()) ** 2)
    return 1 - errors / spread


def main(product):
    above = upstream()
    simulation, observation = simulated(product, above), observed()
    first, length = datetime.date(YEAR, 1, 1), (datetime.date(YEAR + 1, 1, 1) - datetime.date(YEAR, 1, 1)).days
    year = [first + datetime.timedelta(day) for day in range(length)]
    pairs = np.array([(simulation[day], observation[day]) for day in year])
    pairs = pairs[np.isfinite(pairs[:, 1])]
    reached = efficiency(pairs[:, 0], pairs[:, 1])
    print(
        f"Delaware River at Trenton, {YEAR}: {len(above)} sub-catchments, {len(pairs)} days; mean discharge "
        f"{pairs[:, 0].mean():.0f} m³/s simulated, {pairs[:, 1].mean():.0f} m³/s observed; "
        f"Nash-Sutcliffe efficiency {reached:.3f}"
    )
    if not reached >= LEAST_EFFICIENCY:
        sys.exit(f"The efficiency is below {LEAST_EFFICIENCY}.")
    return reached


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "output.nc")
