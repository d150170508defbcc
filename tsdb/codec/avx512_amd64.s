//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A register holds one group of 8 values. Z4 is zero throughout.

// func unpackAVX512(dst *uint64, src *byte, w int, plan *unpackPlan, groups int)
// Loads exactly w bytes a group (the mask in K1), so it never reads beyond them.
TEXT ·unpackAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ w+16(FP), CX
	MOVQ plan+24(FP), DX
	MOVQ groups+32(FP), BX
	VMOVDQU64 (DX), Z1            // index
	VMOVDQU64 64(DX), Z2          // shift
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX                       // the low w bits
	KMOVQ AX, K1
	VPBROADCASTQ AX, Z3

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

// Z0 = unzigzag(Z0); Z8 holds 1 and Z12 -1 in every lane. K2 is overwritten.
#define UNZIGZAG \
	VPTESTMQ Z8, Z0, K2       \
	VPSRLQ $1, Z0, Z0         \
	VPXORQ Z12, Z0, K2, Z0

// Adds up the lanes of Z0 from the left; Z5 is overwritten.
#define PREFIX_SUM \
	VALIGNQ $7, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0      \
	VALIGNQ $6, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0      \
	VALIGNQ $4, Z4, Z0, Z5 \
	VPADDQ Z5, Z0, Z0

// Adds the carry to sums of the lanes, and their last lane to the carry; Z6 holds 7 in every lane.
#define CARRY(sums, carry, last) \
	VPERMQ sums, Z6, last    \
	VPADDQ carry, sums, sums \
	VPADDQ last, carry, carry

#define NEXT(loop) \
	ADDQ $64, SI \
	ADDQ $64, DI \
	DECQ BX      \
	JNZ loop

// func restoreAVX512(dst *int64, mapped *uint64, groups int, s *predictState, plan *intPlan)
// Z1 is s.a, Z9 is s.b, Z2 the offset.
TEXT ·restoreAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ mapped+8(FP), SI
	MOVQ groups+16(FP), BX
	MOVQ s+24(FP), DX
	MOVQ plan+32(FP), AX
	VPBROADCASTQ predictState_a(DX), Z1
	VPBROADCASTQ predictState_b(DX), Z9
	VPBROADCASTQ intPlan_offset(AX), Z2
	MOVBQZX intPlan_zigzag(AX), R8
	MOVBQZX predictState_kind(DX), R9
	VPXORQ Z4, Z4, Z4
	MOVQ $7, AX
	VPBROADCASTQ AX, Z6
	MOVQ $1, AX
	VPBROADCASTQ AX, Z8
	VPTERNLOGD $0xff, Z12, Z12, Z12
	CMPQ R9, $const_predictLast
	JB none
	JEQ last
	CMPQ R9, $const_predictLine
	JEQ line
	JMP mean

last:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ lastUnsigned
	UNZIGZAG
lastUnsigned:
	VPADDQ Z2, Z0, Z0
	PREFIX_SUM
	CARRY(Z0, Z1, Z7)
	VMOVDQU64 Z0, (DI)
	NEXT(last)
	JMP done

mean:
	SUBQ $const_predictLast, R9    // meanShift
	VMOVQ R9, X10
meanGroup:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ meanUnsigned
	UNZIGZAG
meanUnsigned:
	VPADDQ Z2, Z0, Z0
	VMOVDQA64 Z0, Z11
	PREFIX_SUM
	CARRY(Z0, Z1, Z7)
	VPSUBQ Z11, Z0, Z0            // the sum before each residual
	VPSRAQ X10, Z0, Z0
	VPADDQ Z11, Z0, Z0
	VMOVDQU64 Z0, (DI)
	NEXT(meanGroup)
	JMP done

line:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ lineUnsigned
	UNZIGZAG
lineUnsigned:
	VPADDQ Z2, Z0, Z0
	PREFIX_SUM
	CARRY(Z0, Z9, Z7)             // steps
	PREFIX_SUM
	CARRY(Z0, Z1, Z7)
	VMOVDQU64 Z0, (DI)
	NEXT(line)
	JMP done

none:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ noneUnsigned
	UNZIGZAG
noneUnsigned:
	VPADDQ Z2, Z0, Z0
	VMOVDQU64 Z0, (DI)
	NEXT(none)

done:
	VMOVQ X1, predictState_a(DX)
	VMOVQ X9, predictState_b(DX)
	VZEROUPPER
	RET

// func scaleAVX512(dst *float64, ks *int64, groups int, s *scale, divisor float64)
TEXT ·scaleAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	MOVQ groups+16(FP), BX
	MOVQ s+24(FP), DX
	VPBROADCASTQ scale_gcd(DX), Z1
	VPBROADCASTQ scale_rest(DX), Z2
	VBROADCASTSD divisor+32(FP), Z3
	XORQ R8, R8                   // not 0: multiply
	CMPQ scale_gcd(DX), $1
	SETNE R8
	ORQ scale_rest(DX), R8
	MOVQ $0x3ff0000000000000, R9  // 1.0
	CMPQ R9, divisor+32(FP)
	JEQ convertGroup

divideGroup:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ divideUnits
	VPMULLQ Z1, Z0, Z0
	VPADDQ Z2, Z0, Z0
divideUnits:
	VCVTQQ2PD Z0, Z0
	VDIVPD Z3, Z0, Z0
	VMOVUPD Z0, (DI)
	NEXT(divideGroup)
	VZEROUPPER
	RET

convertGroup:
	VMOVDQU64 (SI), Z0
	TESTQ R8, R8
	JZ convertUnits
	VPMULLQ Z1, Z0, Z0
	VPADDQ Z2, Z0, Z0
convertUnits:
	VCVTQQ2PD Z0, Z0
	VMOVUPD Z0, (DI)
	NEXT(convertGroup)
	VZEROUPPER
	RET

// func chainAVX512(dst *float64, ks, base, differences *int64, groups, sign int)
// sign is 0, or -1 to subtract: x ^ -1 - -1 = -x.
TEXT ·chainAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), R8
	MOVQ base+16(FP), R9
	MOVQ differences+24(FP), SI
	MOVQ groups+32(FP), BX
	VPBROADCASTQ sign+40(FP), Z1

chainGroup:
	VPXORQ (SI), Z1, Z0
	VPSUBQ Z1, Z0, Z0
	VPADDQ (R9), Z0, Z0
	VMOVDQU64 Z0, (R8)
	VCVTQQ2PD Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ $64, R8
	ADDQ $64, R9
	NEXT(chainGroup)
	VZEROUPPER
	RET

// func bitsAVX512(dst *float64, ks *int64, groups, shift int)
TEXT ·bitsAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	MOVQ groups+16(FP), BX
	VMOVQ shift+24(FP), X1

bitsGroup:
	VMOVDQU64 (SI), Z0
	VPSLLQ X1, Z0, Z0
	VPSRAQ $63, Z0, Z2
	VPSRLQ $1, Z2, Z2
	VPXORQ Z2, Z0, Z0
	VMOVDQU64 Z0, (DI)
	NEXT(bitsGroup)
	VZEROUPPER
	RET

// func spreadAVX512(dst *float64, n int, bitmap *uint64, groups int, lanes *[256][groupLen]uint8)
// From the last group to the first. CX is how many values come before the group.
TEXT ·spreadAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ bitmap+16(FP), SI
	MOVQ groups+24(FP), BX
	MOVQ lanes+32(FP), DX
	MOVQ BX, R8
	SHLQ $6, R8
	ADDQ DI, R8                   // behind the rows

spreadGroup:
	MOVBLZX -1(SI)(BX*1), AX
	POPCNTL AX, R9
	SUBQ R9, CX
	MOVL AX, R10
	ANDL $1, R10
	ADDQ CX, R10                  // the value of the first row, plus 1
	VPMOVZXBQ (DX)(AX*8), Z0
	VPERMPD -8(DI)(R10*8), Z0, Z1
	SUBQ $64, R8
	VMOVUPD Z1, (R8)
	DECQ BX
	JNZ spreadGroup
	VZEROUPPER
	RET
