//go:build !purego

#include "textflag.h"

// Every kernel handles one frame: 16 groups of 8 values.

// func unpackFrame(dst *[frameLen]uint64, src *byte, w int, plan *unpackPlan)
// Loads exactly w bytes a group (the mask in K1), so it never reads beyond the frame.
TEXT ·unpackFrame(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ w+16(FP), CX
	MOVQ plan+24(FP), DX
	VMOVDQU64 (DX), Z1            // index
	VMOVDQU64 64(DX), Z2          // shift
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX                       // the low w bits
	KMOVQ AX, K1
	VPBROADCASTQ AX, Z3
	MOVQ $16, BX

unpackGroup:
	VMOVDQU8.Z (SI), K1, Z0
	VPERMB Z0, Z1, Z0
	VPSRLVQ Z2, Z0, Z0
	VPANDQ Z3, Z0, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ CX, SI
	ADDQ $64, DI
	DECQ BX
	JNZ unpackGroup
	VZEROUPPER
	RET

// Adds up the lanes of Z0 from the left; Z4 is zero, Z5 is overwritten.
#define PREFIX_SUM \
	VALIGNQ $7, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0      \
	VALIGNQ $6, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0      \
	VALIGNQ $4, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0

// Stores Z0 plus what came before (Z1), and adds the last lane of Z0 to Z1; Z6 holds 7 in every lane.
#define STORE_AND_CARRY \
	VPADDQ Z1, Z0, Z7    \
	VMOVDQU64 Z7, (DI)   \
	VPERMQ Z0, Z6, Z0    \
	VPADDQ Z0, Z1, Z1

// func restoreZigzag(dst *[frameLen]int64, mapped *[frameLen]uint64, last, offset int64) int64
TEXT ·restoreZigzag(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ mapped+8(FP), SI
	VPBROADCASTQ last+16(FP), Z1
	VPBROADCASTQ offset+24(FP), Z2
	VPXORQ Z4, Z4, Z4
	MOVQ $7, AX
	VPBROADCASTQ AX, Z6
	MOVQ $1, AX
	VPBROADCASTQ AX, Z8
	MOVQ $16, BX

zigzagGroup:
	VMOVDQU64 (SI), Z0
	VPANDQ Z8, Z0, Z3
	VPSUBQ Z3, Z4, Z3             // 0 or all ones
	VPSRLQ $1, Z0, Z0
	VPXORQ Z3, Z0, Z0
	VPADDQ Z2, Z0, Z0
	PREFIX_SUM
	STORE_AND_CARRY
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ BX
	JNZ zigzagGroup
	VMOVQ X1, AX
	MOVQ AX, ret+32(FP)
	VZEROUPPER
	RET

// func restoreUnsigned(dst *[frameLen]int64, mapped *[frameLen]uint64, last, offset int64) int64
TEXT ·restoreUnsigned(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ mapped+8(FP), SI
	VPBROADCASTQ last+16(FP), Z1
	VPBROADCASTQ offset+24(FP), Z2
	VPXORQ Z4, Z4, Z4
	MOVQ $7, AX
	VPBROADCASTQ AX, Z6
	MOVQ $16, BX

unsignedGroup:
	VPADDQ (SI), Z2, Z0
	PREFIX_SUM
	STORE_AND_CARRY
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ BX
	JNZ unsignedGroup
	VMOVQ X1, AX
	MOVQ AX, ret+32(FP)
	VZEROUPPER
	RET

// func divideFrame(dst *[frameLen]float64, ks *[frameLen]int64, divisor float64)
TEXT ·divideFrame(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	VBROADCASTSD divisor+16(FP), Z1
	MOVQ $16, BX

divideGroup:
	VCVTQQ2PD (SI), Z0
	VDIVPD Z1, Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ BX
	JNZ divideGroup
	VZEROUPPER
	RET

// func convertFrame(dst *[frameLen]float64, ks *[frameLen]int64)
TEXT ·convertFrame(SB), NOSPLIT, $0-16
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	MOVQ $16, BX

convertGroup:
	VCVTQQ2PD (SI), Z0
	VMOVUPD Z0, (DI)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ BX
	JNZ convertGroup
	VZEROUPPER
	RET
