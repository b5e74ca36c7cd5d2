# SPDX-License-Identifier: Apache-2.0
# ./dev cleanroom: see tests/cleanroom. Sourced by ./dev.
# shellcheck shell=bash

dev_cleanroom()
{
	((EUID == 0)) || die "the clean room needs root (it makes a Debian of its own)"
	packages_install build cleanroom
	tests/cleanroom "$@"
}
