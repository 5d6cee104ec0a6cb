/* points.h - encodings of 65 octets that a subscription may carry as p256dh, in hex, and whether
 * they are a key.  The hostile ones are made after the classes of attack that are known for P-256:
 * points off the curve (among them of order 2 on a curve with another b, which would give the
 * private key away bit by bit), coordinates that are not reduced, foreign encodings.
 *
 * The values can be computed anew from p = 2^256 - 2^224 + 2^192 + 2^96 - 1 and the curve's b: the
 * small ones are the points with x = 0 and with y = 5. */
#ifndef POINTS_H
#define POINTS_H

#include "base.h"

#define POINT_GX  "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define POINT_GY  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define POINT_NGY "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a"
#define POINT_P	  "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define POINT_N	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define POINT_N_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define POINT_0	  "0000000000000000000000000000000000000000000000000000000000000000"
#define POINT_1	  "0000000000000000000000000000000000000000000000000000000000000001"
#define POINT_5	  "0000000000000000000000000000000000000000000000000000000000000005"
#define POINT_FF  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define POINT_Y0  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4"
#define POINT_X5  "d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7"
#define POINT_5_P "ffffffff00000001000000000000000000000001000000000000000000000004"

static const struct {
	const char *sentence;
	const char *hex;
	bool valid;
} point_vectors[] = {
    {"the base point is a key", "04" POINT_GX POINT_GY, true},
    {"the negated base point is a key", "04" POINT_GX POINT_NGY, true},
    {"a point with x = 0 is a key", "04" POINT_0 POINT_Y0, true},
    {"a point with a small y is a key", "04" POINT_X5 POINT_5, true},
    {"x that is p too large is refused", "04" POINT_P POINT_Y0, false},
    {"y that is p too large is refused", "04" POINT_X5 POINT_5_P, false},
    {"coordinates exchanged are off the curve", "04" POINT_GY POINT_GX, false},
    {"one bit of y flipped is off the curve",
	"04" POINT_GX "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f4", false},
    {"x without any point on the curve is refused", "04" POINT_1 POINT_1, false},
    {"a point of order 2 on another curve is refused", "04" POINT_GX POINT_0, false},
    {"the base point of secp256k1 is refused",
	"0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
	false},
    {"all zeros behind the lead octet are refused", "04" POINT_0 POINT_0, false},
    {"all ones behind the lead octet are refused", "04" POINT_FF POINT_FF, false},
    {"x = y = p is refused", "04" POINT_P POINT_P, false},
    {"infinity, padded to the length of a key, is refused", "00" POINT_0 POINT_0, false},
    {"infinity's lead octet before a real point is refused", "00" POINT_GX POINT_GY, false},
    {"a compressed form, padded to the length of a key, is refused", "03" POINT_GX POINT_0, false},
    {"the compressed lead octet 2 is refused", "02" POINT_GX POINT_NGY, false},
    {"the compressed lead octet 3 is refused", "03" POINT_GX POINT_GY, false},
    {"the hybrid form with even y is refused", "06" POINT_GX POINT_NGY, false},
    {"the hybrid form with odd y is refused", "07" POINT_GX POINT_GY, false},
    {"a lead octet of 5 is refused", "05" POINT_GX POINT_GY, false},
};

#endif
