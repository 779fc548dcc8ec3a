"""Softphones that tests alone drive; baresip, linphone and pjsua2 are in `lab.scenarios.phones`."""
