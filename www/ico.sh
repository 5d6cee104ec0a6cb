#!/bin/sh
# Wraps one 32x32 PNG in an ICO container: ico.sh IN.png OUT.ico
# An ICO file may hold a whole PNG after a 6-byte header and one 16-byte directory entry; all numbers are little-endian.
set -eu
octal() { printf '\\%03o' "$1"; }
size=$(($(wc -c <"$1")))
{
	printf '\000\000\001\000\001\000'                 # reserved, type 1 = icon, one image
	printf '\040\040\000\000\001\000\040\000'         # 32 wide, 32 high, no palette, 1 plane, 32 bits
	printf "$(octal $((size & 255)))$(octal $((size >> 8 & 255)))$(octal $((size >> 16 & 255)))$(octal $((size >> 24 & 255)))"
	printf '\026\000\000\000'                         # the image follows at byte 22
	cat "$1"
} >"$2"
