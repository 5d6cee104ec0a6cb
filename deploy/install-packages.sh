#!/bin/sh
# install-packages.sh run|test - installs what is missing of deploy/packages.txt; silent where nothing is.
set -eu
cd "$(dirname "$0")"
when=$1

missing=
while read -r package for command; do
	case $package in '' | '#'*) continue ;; esac
	[ "$for" = run ] || [ "$when" = test ] || continue
	if [ "$command" = - ]; then
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' && continue
	else
		# daemons live in /usr/sbin, which a user's PATH may lack
		PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null && continue
	fi
	missing="$missing $package"
done <packages.txt
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "These packages are missing, and there is no apt-get to install them:$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "These packages are missing; please install them as root:$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq update
# shellcheck disable=SC2086 # the list is meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing >/dev/null
