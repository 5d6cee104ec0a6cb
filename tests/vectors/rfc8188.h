/* rfc8188.h - the two examples of RFC 8188 §3, in base64url: §3.1 one record and no key id, §3.2
 * two records of 25 octets, key id "a1", one octet of padding in the first. */
#ifndef RFC8188_H
#define RFC8188_H

#define RFC8188_PLAINTEXT "I am the walrus"

#define RFC8188_1_IKM	"yqdlZ-tYemfogSmv7Ws5PQ"
#define RFC8188_1_PRK	"zyeH5phsIsgUyd4oiSEIy35x-gIi4aM7y0hCF8mwn9g"
#define RFC8188_1_CEK	"_wniytB-ofscZDh4tbSjHw"
#define RFC8188_1_NONCE "Bcs8gkIRKLI8GeI8"
#define RFC8188_1_BODY	"I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"

#define RFC8188_2_IKM "BO3ZVPxUlnLORbVGMpbT1Q"
#define RFC8188_2_BODY                                                                             \
	"uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3" \
	"SsLWIqS_uA"

#endif
