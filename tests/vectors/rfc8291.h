/* rfc8291.h - the example of RFC 8291 §5 with the intermediate values of its appendix A, in
 * base64url. */
#ifndef RFC8291_H
#define RFC8291_H

#define RFC8291_PLAINTEXT  "When I grow up, I want to be a watermelon"
#define RFC8291_AS_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define RFC8291_AS_PUBLIC                                                                          \
	"BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define RFC8291_UA_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define RFC8291_UA_PUBLIC                                                                          \
	"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define RFC8291_AUTH	    "BTBZMqHH6r4Tts7J_aSIgg"
#define RFC8291_SALT	    "DGv6ra1nlYgDCS1FRnbzlw"
#define RFC8291_ECDH_SECRET "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"
#define RFC8291_PRK_KEY	    "Snr3JMxaHVDXHWJn5wdC52WjpCtd2EIEGBykDcZW32k"
#define RFC8291_KEY_INFO                                                                           \
	"V2ViUHVzaDogaW5mbwAEJXGyvs3942BVGq8e0PTNNmwRzr5VX4m8t7GGpTM5FzFo7OLr4BhZe9MEebhuPI-OztV3" \
	"ylkYfpJGmQ22ggCLDgT-M_SrDepxkU21WCP3O1SUj0EwbZIHMtu5pZpTKGSCIA5Zent7wmC6HCJ5mFgJkuk5cwAv" \
	"MBKiiujwa7t45ewP"
#define RFC8291_IKM   "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg"
#define RFC8291_PRK   "09_eUZGrsvxChDCGRCdkLiDXrReGOEVeSCdCcPBSJSc"
#define RFC8291_CEK   "oIhVW04MRdy2XN9CiKLxTg"
#define RFC8291_NONCE "4h_95klXJ5E_qnoN"
#define RFC8291_HEADER                                                                             \
	"DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY" \
	"WAmS6TlzAC8wEqKK6PBru3jl7A8"
#define RFC8291_CIPHERTEXT                                                                         \
	"8pfeW0KbunFT06SuDKoJH9Ql87S1QUrdirN6GcG7sFz1y1sqLgVi1VhjVkHsUoEsbI_0LpXMuGvnzQ"

#endif
