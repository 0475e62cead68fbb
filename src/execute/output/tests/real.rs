//! Outputs as real programs print them, cut short; each says whose it is.
//!
//! What SWAT+, SWMM, EPANET, mHM and Raven have here are lines of files that these programs wrote; the others are in the formats
//! of their sources.

use super::*;
use crate::language::template::Template;
use crate::project::output_format::{
    Characters, Condition, Dates, DimensionPlaces, DimensionSpec, Which,
};

/// SWAT+ 61.0.1, `channel_sd_day.txt`: a title, a header, units, then all channels day by day.
const CHANNELS: &str = "\
 Oulanka_with_lake         SWAT+ 2024-07-08        MODULAR Rev 2024.61.0.1
   jday   mon   day    yr     unit   gis_id   name                  area         precip           evap           seep
                                                                      ha            m^3            m^3            m^3
     1     1     1  2010       1       1  cha001               0.1321E+01     0.2739E+01     0.0000E+00     0.2739E+01
     1     1     1  2010       2       2  cha002               0.7778E+00     0.1612E+01     0.0000E+00     0.1612E+01
     2     1     2  2010       1       1  cha001               0.1321E+01     0.4705E+02     0.0000E+00     0.1321E+02
     2     1     2  2010       2       2  cha002               0.7778E+00     0.2770E+02     0.0000E+00     0.7778E+01
";

/// EPANET 2.2, the report of its network Net1: blocks per time step, of nodes and of links.
const REPORT: &str = "
  Page 1                                    Fri Nov 27 16:45:36 2026

  Node Results at 0:00:00 hrs:
  --------------------------------------------------------
                     Demand      Head  Pressure  Chlorine
  Node                  gpm        ft       psi      mg/L
  --------------------------------------------------------
  10                   0.00   1004.35    127.54      0.50
  11                 150.00    985.23    119.26      0.50
  9                -1866.18    800.00      0.00      1.00  Reservoir
  2                  766.18    970.00     52.00      1.00  Tank
   
   
  Link Results at 0:00:00 hrs:
  ----------------------------------------------
                       Flow  Velocity  Headloss
  Link                  gpm       fps   /1000ft
  ----------------------------------------------
  10                1866.18      2.35      1.82
  11                1234.21      2.57      2.87
   
   
  Node Results at 1:00:00 hrs:
  --------------------------------------------------------
                     Demand      Head  Pressure  Chlorine
  Node                  gpm        ft       psi      mg/L
  --------------------------------------------------------
  10                   0.00   1006.77    128.59      1.00
  11                 150.00    987.98    120.45      0.44
  9                -1848.58    800.00      0.00      1.00  Reservoir
  2                  748.58    973.07     53.33      0.97  Tank
   
   
";

/// SWMM 5.2.4, the tables of its report, and a table of statistics.
const TABLES: &str = "
  ******************
  Node Depth Summary
  ******************
  
  ---------------------------------------------------------------------------------
                                 Average  Maximum  Maximum  Time of Max    Reported
                                   Depth    Depth      HGL   Occurrence   Max Depth
  Node                 Type       Meters   Meters   Meters  days hr:min      Meters
  ---------------------------------------------------------------------------------
  J1                   JUNCTION     0.26     0.27   100.27     0  11:01        0.27
  Out1                 OUTFALL      0.26     0.28    90.27     0  11:03        0.27
  
  
  **************************        Volume         Depth
  Runoff Quantity Continuity     hectare-m            mm
  **************************     ---------       -------
  Total Precipitation ......         0.400        10.000
  Continuity Error (%) .....        -0.021
  
  **************************        Volume        Volume
  Flow Routing Continuity        hectare-m      10^6 ltr
  **************************     ---------     ---------
  Continuity Error (%) .....        -0.002

  <<< Node J1 >>>
  ----------------------------------------------------------------
                           Inflow  Flooding     Depth      Head
  Date        Time            CMS       CMS    meters    meters
  ----------------------------------------------------------------
   08/17/2017 00:01:00      1.000     0.000     0.258   100.258
   08/17/2017 00:02:00      1.250     0.000     0.259   100.259

  <<< Node Out1 >>>
  ----------------------------------------------------------------
                           Inflow  Flooding     Depth      Head
  Date        Time            CMS       CMS    meters    meters
  ----------------------------------------------------------------
   08/17/2017 00:01:00      0.000     0.000     0.000    90.000
   08/17/2017 00:02:00      0.125     0.000     0.001    90.001

";

/// mHM 5.13.4, `daily_discharge.out`.
const GAUGE: &str = "      No     Day     Mon    Year  Qobs_0000000398  Qsim_0000000398
       1       1       1    1990      157.0000000       20.2377495
       2       2       1    1990      129.0000000       76.5552861
       3       3       1    1990    -9999.0000000      126.1380598
";

/// Raven 3.6, `Hydrographs.csv`: one row more than there are time steps, for the beginning.
const HYDROGRAPHS: &str = "time,date,hour,precip [mm/day],sub_a [m3/s]
0,2001-01-01,00:00:00.00,---,0
1,2001-01-02,00:00:00.00,0,0.00468617
2,2001-01-03,00:00:00.00,5.95,0.0166097
";

/// SWAT 2012, `output.rch`, after the format of `rchday.f`: `'REACH ',i4,1x,i8,1x,i5,47e12.4`.
const REACHES: &str = "                              General Input/Output section (file.cio):
      RCH      GIS   MON     AREAkm2  FLOW_INcms FLOW_OUTcms
REACH    1        0     1  0.1460E+03  0.1000-102-0.5000E+01
REACH    2        0     1  0.9215E+02  0.2500E+00  0.7500E+00
REACH    1        0     2  0.1460E+03  0.3000E+01  0.6000E+01
REACH    2        0     2  0.9215E+02************  0.8000E+00
";

/// PRMS, `statvar.dat`: how many variables, their names, then rows without a header.
const STATVAR: &str = "2
seg_outflow 12
basin_cfs 1
1 1980 10 1 0 0 0 12.305 120.25
2 1980 10 2 0 0 0 11.875 118.5
";

/// GR4-StateSpace, `FILE_WRIT_H.f`: times of ten digits, a name with a blank.
const STATES: &str = "      DATE;        Qcalc;         Qobs;     Pot Evap;         Rain
1999010123;       0.1250;    -999.0000;       0.0100;       1.5000
1999010200;       0.2500;       0.2400;       0.0100;       0.0000
";

/// PRMS, `nhru_summary.csv`: a column for each unit, named by its number.
const UNITS: &str = "Date,1,2,12\n1980-10-01, 0.5,1.25E-01,3.0\n1980-10-02,0.75, 2.5E+00,4.0\n";

fn condition(column: &str, text: &str) -> Condition {
    Condition {
        column: column.to_owned(),
        text: Template::text(text).expect("a template"),
    }
}

fn dates(columns: &[&str], format: &str) -> Option<Dates> {
    Some(Dates {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        format: (!format.is_empty()).then(|| format.to_owned()),
    })
}

fn characters(from: usize, to: usize) -> ColumnPlace {
    ColumnPlace::Characters(Characters {
        from,
        to,
        touches: false,
    })
}

fn named(name: &str) -> OutputTime {
    OutputTime::Read {
        name: name.to_owned(),
    }
}

/// One column of an output.
struct Case<'a> {
    text: &'a str,
    format: OutputFormat,
    axes: RowAxes,
    steps: Vec<i64>,
    place: ColumnPlace,
    header: &'a str,
    block: Option<&'a str>,
}

impl<'a> Case<'a> {
    fn new(text: &'a str, format: OutputFormat, steps: usize) -> Self {
        Self {
            text,
            format,
            axes: RowAxes::default(),
            steps: days(steps),
            place: ColumnPlace::Header,
            header: "",
            block: None,
        }
    }

    fn extract(&self) -> Result<Extract, String> {
        let conditions = self.format.conditions.iter();
        let conditions: Vec<String> = conditions.map(|c| c.text.source().to_owned()).collect();
        let columns = [WantedColumn {
            place: self.place,
            text: self.header,
        }];
        let wanted = Wanted {
            format: &self.format,
            axes: &self.axes,
            steps: &self.steps,
            columns: &columns,
            conditions: &conditions,
            block: self.block,
        };
        parse(self.text.as_bytes(), &wanted).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn gives(&self, values: &[f64]) -> Extract {
        let found = self.extract().expect("columns");
        assert_eq!(found.columns, [values]);
        found
    }

    #[track_caller]
    fn refused(&self, told: &str) {
        let error = self.extract().expect_err("refused");
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn channels_of_swat_plus() {
    let format = OutputFormat {
        skip_lines: 1,
        skip_rows: 1,
        ..OutputFormat::default()
    };
    let mut one = Case::new(CHANNELS, format.clone(), 2);
    one.header = "precip";
    one.refused("4 rows (after the header and 1 skipped), but there are 2 time steps; rows that are no time steps");
    one.format.conditions = vec![condition("gis_id", "2")];
    one.gives(&[1.612, 27.7]);
    one.format.conditions.push(condition("name", "cha001"));
    one.refused("no row has `gis_id` = \"2\" and `name` = \"cha001\"");
    one.format.conditions = vec![condition("gis_id", "3")];
    one.refused("no row has `gis_id` = \"3\"; there is `1`, `2`");

    let mut all = Case::new(CHANNELS, format, 0);
    all.header = "precip";
    all.format.dates = dates(&["yr", "jday"], "%Y %j");
    all.axes.time = named("day");
    all.refused("line 5: the time 2010-01-01T00:00:00 is there twice");
    all.axes.dimension = Some(DimensionSpec {
        name: "reach".to_owned(),
        places: DimensionPlaces::Read("gis_id".to_owned()),
    });
    let found = all.gives(&[2.739, 1.612, 47.05, 27.7]);
    assert_eq!(found.places, Some(vec![1.0, 2.0]));
    assert_eq!(found.times, Some(vec![1_262_304_000.0, 1_262_390_400.0]));
    let by_reach: Vec<&str> = CHANNELS.lines().collect();
    let by_reach = [0, 1, 2, 3, 5, 4, 6].map(|at| by_reach[at]).join("\n");
    all.text = &by_reach;
    assert_eq!(all.gives(&[2.739, 1.612, 47.05, 27.7]), found);
}

#[test]
fn reports_of_epanet() {
    let format = OutputFormat {
        headless: true,
        skip_lines: 2,
        conditions: vec![condition("1", "11")],
        ..OutputFormat::default()
    };
    let mut head = Case::new(REPORT, format, 2);
    head.block = Some("Node Results at");
    head.place = ColumnPlace::Number(3);
    head.gives(&[985.23, 987.98]);
    head.format.conditions = vec![condition("1", "12")];
    head.refused("line 4: in the block that begins here, no row has `1` = \"12\"");
    head.format.conditions.clear();
    head.refused("line 11: 6 cells, where the first row has 5; where cells may touch");
    head.place = characters(28, 37);
    head.axes.dimension = Some(DimensionSpec {
        name: "node".to_owned(),
        places: DimensionPlaces::Count(4),
    });
    let all = [
        1004.35, 985.23, 800.0, 970.0, 1006.77, 987.98, 800.0, 973.07,
    ];
    head.gives(&all);
    head.place = characters(28, 35);
    head.refused("characters 28 to 35 end within `1004.35`");
    let less = REPORT.replace(
        "  11                 150.00    987.98    120.45      0.44\n",
        "",
    );
    head.place = characters(28, 37);
    head.text = &less;
    head.refused("line 24: 3 rows in the block that begins here, where the first one has 4");
    head.block = Some("Pump Results");
    head.refused("no line with \"Pump Results\", which begins a block");
}

#[test]
fn tables_of_swmm() {
    let format = OutputFormat {
        headless: true,
        skip_lines: 2,
        dates: dates(&["1", "2"], "%m/%d/%Y %H:%M:%S"),
        ..OutputFormat::default()
    };
    let mut inflow = Case::new(TABLES, format, 0);
    inflow.block = Some("<<< Node Out1 >>>");
    inflow.place = ColumnPlace::Number(3);
    inflow.axes.time = named("minute");
    let found = inflow.gives(&[0.0, 0.125]);
    assert_eq!(found.times, Some(vec![1_502_928_060.0, 1_502_928_120.0]));
    inflow.block = Some("<<< Node J2 >>>");
    inflow.refused("no line with \"<<< Node J2 >>>\"");
    // As many as there are, with the drawn ones.
    inflow.block = Some("<<< Node Out1 >>>");
    inflow.format.skip_lines = 3;
    inflow.refused("`skip_lines` passes over what reads as a row");

    let format = OutputFormat {
        headless: true,
        skip_lines: 3,
        conditions: vec![condition("1", "Out1")],
        ..OutputFormat::default()
    };
    let mut depth = Case::new(TABLES, format, 0);
    depth.block = Some("Node Depth Summary");
    depth.place = ColumnPlace::Number(4);
    depth.axes.time = OutputTime::None;
    depth.gives(&[0.28]);

    let mut error = Case::new(TABLES, OutputFormat::default(), 0);
    error.axes.time = OutputTime::None;
    error.header = "Continuity Error (%)";
    error.place = ColumnPlace::Text(Which::Only);
    error.refused("stands in line 19 and in line 24; say which");
    error.place = ColumnPlace::Text(Which::Last);
    error.gives(&[-0.002]);
    error.place = ColumnPlace::Text(Which::At(1));
    error.gives(&[-0.021]);
}

#[test]
fn discharges_of_mhm_and_raven() {
    let format = OutputFormat {
        missing: vec!["-9999".to_owned()],
        dates: dates(&["Year", "Mon", "Day"], "%Y %m %d"),
        ..OutputFormat::default()
    };
    let mut gauge = Case::new(GAUGE, format, 3);
    gauge.header = "Qsim_0000000398";
    gauge.steps = (7305..7308).map(|day| day * 86_400_000_000_000).collect();
    gauge.gives(&[20.2377495, 76.5552861, 126.1380598]);
    gauge.steps[1] += 3_600_000_000_000;
    gauge.refused("line 3: the time is 1990-01-02T00:00:00, where 1990-01-02T01:00:00 is expected, a time step of the input");

    let mut flow = Case::new(HYDROGRAPHS, OutputFormat::default(), 2);
    flow.header = "sub_a [m3/s]";
    flow.refused("`skip_rows` passes over a row for the time before the first step");
    flow.format.skip_rows = 1;
    flow.gives(&[0.00468617, 0.0166097]);
    flow.format.dates = dates(&["date", "hour"], "");
    flow.axes.time = named("day");
    let found = flow.gives(&[0.00468617, 0.0166097]);
    assert_eq!(found.times, Some(vec![978_393_600.0, 978_480_000.0]));
}

#[test]
fn fixed_formats_of_swat() {
    let format = OutputFormat {
        headless: true,
        skip_lines: 2,
        conditions: vec![condition("7-10", "1")],
        ..OutputFormat::default()
    };
    let mut flow = Case::new(REACHES, format, 2);
    flow.place = characters(50, 61);
    flow.gives(&[-5.0, 6.0]);
    flow.place = characters(38, 49);
    flow.gives(&[0.1e-102, 3.0]);
    flow.format.conditions = vec![condition("7-10", "2")];
    flow.refused("line 6, column `characters 38 to 49`: `************` is no number and not among the marks of missing values; it did not fit");
    flow.place = characters(38, 51);
    flow.refused("is no number");
    flow.place = characters(39, 48);
    flow.refused("end within `0.2500E+00`");
}

#[test]
fn rows_without_a_header_of_prms() {
    let format = OutputFormat {
        headless: true,
        skip_lines: 3,
        dates: dates(&["2", "3", "4", "5", "6", "7"], "%Y %m %d %H %M %S"),
        ..OutputFormat::default()
    };
    let mut flow = Case::new(STATVAR, format, 2);
    flow.place = ColumnPlace::Number(8);
    flow.steps = (3926..3928).map(|day| day * 86_400_000_000_000).collect();
    flow.gives(&[12.305, 11.875]);
    flow.place = ColumnPlace::Number(10);
    flow.refused("line 4: there is no column 10, the table has 9");
    flow.format.skip_lines = 2;
    flow.place = ColumnPlace::Number(8);
    flow.refused("line 3: there is no column 8, the table has 2");
}

#[test]
fn tables_of_gr4_and_prms() {
    let format = OutputFormat {
        missing: vec!["-999".to_owned()],
        dates: dates(&["DATE"], "%Y%m%d%H"),
        ..OutputFormat::default()
    };
    let mut flow = Case::new(STATES, format, 0);
    flow.axes.time = named("hour");
    flow.header = "Pot Evap";
    flow.gives(&[0.01, 0.01]);
    flow.header = "Qcalc";
    let found = flow.gives(&[0.125, 0.25]);
    assert_eq!(found.times, Some(vec![915_231_600.0, 915_235_200.0]));

    let format = OutputFormat {
        dates: dates(&["Date"], ""),
        ..OutputFormat::default()
    };
    let mut unit = Case::new(UNITS, format, 2);
    unit.steps = (3926..3928).map(|day| day * 86_400_000_000_000).collect();
    unit.header = "2";
    unit.gives(&[0.125, 2.5]);
}
