/* asset.S - the bytes of the embedded files and the table that asset.c searches.
 *
 * assets.list is made by the Makefile: one line ASSET(number, "name", "path") per file, sorted by
 * name.  It is included twice, once for the bytes and once for the table; .dc.a is a word of the
 * size of an address.
 */
#define ASSET(n, label, path)                                                                      \
	.balign 16; asset_data_##n: .incbin path; asset_end_##n: .byte 0;                          \
	asset_name_##n: .asciz label;

	.section .rodata
#include "assets.list"
#undef ASSET

#define ASSET(n, label, path)                                                                      \
	.dc.a asset_name_##n; .dc.a asset_data_##n; .dc.a asset_end_##n - asset_data_##n;

	.section .data.rel.ro, "aw"
	.balign 16
	.globl asset_table
asset_table:
#include "assets.list"
	.globl asset_table_end
asset_table_end:

	.section .note.GNU-stack, "", %progbits
