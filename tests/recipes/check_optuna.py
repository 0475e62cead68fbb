"""Optuna: every trial is told what came of it."""

from optuna.trial import TrialState

from creek import Creek, agrees, report

RECIPE = "calibrate_optuna.py"
creek = Creek()
before = creek.before()


def check(*replaced):
    creek.write(RECIPE, *replaced)
    variables, command = creek.python(RECIPE)
    study = variables["study"]
    after = creek.efficiency_by(command)
    agrees("the best trial's NSE", study.best_value, after)
    failed = [trial for trial in study.trials if trial.state == TrialState.FAIL]
    fine = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    assert len(failed) + len(fine) == 120
    report("Optuna", before, after, 120, len(failed))
    return failed, fine, after


failed, _, after = check()
assert not failed and after > before
# Raven refuses the longer ones of these.
failed, fine, _ = check(('"GR4J_X4": FloatDistribution(0.5, 5)', '"GR4J_X4": FloatDistribution(0.5, 200, log=True)'))
assert 0 < len(failed) < 120
assert min(trial.params["GR4J_X4"] for trial in failed) > max(trial.params["GR4J_X4"] for trial in fine)
