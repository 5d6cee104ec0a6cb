/* rfc8292.h - the Authorization header of RFC 8292 §2.4 and the claims that its token holds. */
#ifndef RFC8292_H
#define RFC8292_H

#define RFC8292_HEADER                                                                             \
	"vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZX"  \
	"QiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptF" \
	"OepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, "                   \
	"k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBP" \
	"s"
#define RFC8292_CLAIMS                                                                             \
	"{\"aud\":\"https://push.example.net\",\"exp\":1453523768,\"sub\":\"mailto:push@example."  \
	"com\"}"

#endif
