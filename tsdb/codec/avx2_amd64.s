//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A register holds four values, half of a group. Y4 is zero throughout.

// Loads two pairs of values, brings each to the front of its lane and cuts it to its bits.
#define UNPACK_HALF(first, second, index, shift) \
	VMOVDQU (SI)(first*1), X0                    \
	VINSERTI128 $1, (SI)(second*1), Y0, Y0       \
	VPSHUFB index, Y0, Y0                        \
	VPSRLVQ shift, Y0, Y0                        \
	VPAND Y3, Y0, Y0

// func unpackAVX2(dst *uint64, src *byte, w int, plan *pairPlan, groups int)
// Reads pairLoad bytes for each pair.
TEXT ·unpackAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ w+16(FP), CX
	MOVQ plan+24(FP), DX
	MOVQ groups+32(FP), BX
	MOVQ (DX), R8
	MOVQ 8(DX), R9
	MOVQ 16(DX), R10
	MOVQ 24(DX), R11
	VMOVDQU 32(DX), Y5
	VMOVDQU 64(DX), Y6
	VMOVDQU 96(DX), Y7
	VMOVDQU 128(DX), Y8
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX                       // the low w bits
	VMOVQ AX, X3
	VPBROADCASTQ X3, Y3

unpackGroup:
	UNPACK_HALF(R8, R9, Y5, Y7)
	VMOVDQU Y0, (DI)
	UNPACK_HALF(R10, R11, Y6, Y8)
	VMOVDQU Y0, 32(DI)
	ADDQ CX, SI
	ADDQ $64, DI
	DECQ BX
	JNZ unpackGroup
	VZEROUPPER
	RET

// Y0 = unzigzag(Y0); Y8 holds 1 in every lane.
#define UNZIGZAG \
	VPAND Y8, Y0, Y3  \
	VPSUBQ Y3, Y4, Y3 \
	VPSRLQ $1, Y0, Y0 \
	VPXOR Y3, Y0, Y0

// Adds up the lanes of Y0 from the left; Y5 is overwritten.
#define PREFIX_SUM \
	VPSLLDQ $8, Y0, Y5         \
	VPADDQ Y5, Y0, Y0          \
	VPERMQ $0x50, Y0, Y5       \
	VPBLENDD $0xf0, Y5, Y4, Y5 \
	VPADDQ Y5, Y0, Y0

// Adds the carry to sums of the lanes, and their last lane to the carry.
#define CARRY(sums, carry, last) \
	VPERMQ $0xff, sums, last \
	VPADDQ carry, sums, sums \
	VPADDQ last, carry, carry

#define NEXT(loop) \
	ADDQ $32, SI \
	ADDQ $32, DI \
	DECQ BX      \
	JNZ loop

// func restoreAVX2(dst *int64, mapped *uint64, groups int, s *predictState, plan *intPlan)
// Y1 is s.a, Y9 is s.b, Y2 the offset.
TEXT ·restoreAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ mapped+8(FP), SI
	MOVQ groups+16(FP), BX
	MOVQ s+24(FP), DX
	MOVQ plan+32(FP), AX
	SHLQ $1, BX
	VPBROADCASTQ predictState_a(DX), Y1
	VPBROADCASTQ predictState_b(DX), Y9
	VPBROADCASTQ intPlan_offset(AX), Y2
	MOVBQZX intPlan_zigzag(AX), R8
	MOVBQZX predictState_kind(DX), R9
	VPXOR Y4, Y4, Y4
	VPCMPEQQ Y8, Y8, Y8
	VPSRLQ $63, Y8, Y8
	CMPQ R9, $const_predictLast
	JB none
	JEQ last
	CMPQ R9, $const_predictLine
	JEQ line
	JMP mean

last:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ lastUnsigned
	UNZIGZAG
lastUnsigned:
	VPADDQ Y2, Y0, Y0
	PREFIX_SUM
	CARRY(Y0, Y1, Y7)
	VMOVDQU Y0, (DI)
	NEXT(last)
	JMP done

	// There is no arithmetic shift: x >> h = (x ^ 2^63) >>> h - 2^63 >>> h.
mean:
	SUBQ $const_predictLast, R9   // meanShift
	VMOVQ R9, X10
	VPSLLQ $63, Y8, Y12
	VPSRLQ X10, Y12, Y13
meanGroup:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ meanUnsigned
	UNZIGZAG
meanUnsigned:
	VPADDQ Y2, Y0, Y0
	VMOVDQA Y0, Y11
	PREFIX_SUM
	CARRY(Y0, Y1, Y7)
	VPSUBQ Y11, Y0, Y0            // the sum before each residual
	VPXOR Y12, Y0, Y0
	VPSRLQ X10, Y0, Y0
	VPSUBQ Y13, Y0, Y0
	VPADDQ Y11, Y0, Y0
	VMOVDQU Y0, (DI)
	NEXT(meanGroup)
	JMP done

line:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ lineUnsigned
	UNZIGZAG
lineUnsigned:
	VPADDQ Y2, Y0, Y0
	PREFIX_SUM
	CARRY(Y0, Y9, Y7)             // steps
	PREFIX_SUM
	CARRY(Y0, Y1, Y7)
	VMOVDQU Y0, (DI)
	NEXT(line)
	JMP done

none:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ noneUnsigned
	UNZIGZAG
noneUnsigned:
	VPADDQ Y2, Y0, Y0
	VMOVDQU Y0, (DI)
	NEXT(none)

done:
	VMOVQ X1, predictState_a(DX)
	VMOVQ X9, predictState_b(DX)
	VZEROUPPER
	RET

// There is no conversion of 64-bit integers. The low half of k becomes the mantissa of a number from
// 2^52, the high half that of one from 2^84; both are exact, so is their difference from the constants,
// and the last addition rounds as a conversion would.
#define TWO52       0x4330000000000000 // 2^52
#define TWO84_63    0x4530000080000000 // 2^84 + 2^63
#define TWO84_63_52 0x4530000080100000 // 2^84 + 2^63 + 2^52

#define CONVERT_CONSTANTS \
	MOVQ $TWO52, AX \
	VMOVQ AX, X10                                         \
	VPBROADCASTQ X10, Y10                                 \
	MOVQ $TWO84_63, AX \
	VMOVQ AX, X11                                         \
	VPBROADCASTQ X11, Y11                                 \
	MOVQ $TWO84_63_52, AX \
	VMOVQ AX, X12                                         \
	VPBROADCASTQ X12, Y12

// Y0 = float(Y0); Y5 is overwritten.
#define CONVERT \
	VPBLENDD $0x55, Y0, Y10, Y5 \
	VPSRLQ $32, Y0, Y0          \
	VPXOR Y11, Y0, Y0           \
	VSUBPD Y12, Y0, Y0          \
	VADDPD Y5, Y0, Y0

// Y0 = Y0 * Y1 + Y2, of which the low 64 bits; Y13 is Y1 >>> 32. Y5 and Y6 are overwritten.
#define MULTIPLY \
	VPSRLQ $32, Y0, Y5   \
	VPMULUDQ Y1, Y5, Y5  \
	VPMULUDQ Y13, Y0, Y6 \
	VPADDQ Y6, Y5, Y5    \
	VPSLLQ $32, Y5, Y5   \
	VPMULUDQ Y1, Y0, Y0  \
	VPADDQ Y5, Y0, Y0    \
	VPADDQ Y2, Y0, Y0

// func scaleAVX2(dst *float64, ks *int64, groups int, s *scale, divisor float64)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	MOVQ groups+16(FP), BX
	MOVQ s+24(FP), DX
	SHLQ $1, BX
	VPBROADCASTQ scale_gcd(DX), Y1
	VPSRLQ $32, Y1, Y13
	VPBROADCASTQ scale_rest(DX), Y2
	VBROADCASTSD divisor+32(FP), Y3
	CONVERT_CONSTANTS
	XORQ R8, R8                   // not 0: multiply
	CMPQ scale_gcd(DX), $1
	SETNE R8
	ORQ scale_rest(DX), R8
	MOVQ $0x3ff0000000000000, R9  // 1.0
	CMPQ R9, divisor+32(FP)
	JEQ convertGroup

divideGroup:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ divideUnits
	MULTIPLY
divideUnits:
	CONVERT
	VDIVPD Y3, Y0, Y0
	VMOVUPD Y0, (DI)
	NEXT(divideGroup)
	VZEROUPPER
	RET

convertGroup:
	VMOVDQU (SI), Y0
	TESTQ R8, R8
	JZ convertUnits
	MULTIPLY
convertUnits:
	CONVERT
	VMOVUPD Y0, (DI)
	NEXT(convertGroup)
	VZEROUPPER
	RET

// func chainAVX2(dst *float64, ks, base, differences *int64, groups, sign int)
// sign is 0, or -1 to subtract: x ^ -1 - -1 = -x.
TEXT ·chainAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), R8
	MOVQ base+16(FP), R9
	MOVQ differences+24(FP), SI
	MOVQ groups+32(FP), BX
	SHLQ $1, BX
	VPBROADCASTQ sign+40(FP), Y1
	CONVERT_CONSTANTS

chainGroup:
	VPXOR (SI), Y1, Y0
	VPSUBQ Y1, Y0, Y0
	VPADDQ (R9), Y0, Y0
	VMOVDQU Y0, (R8)
	CONVERT
	VMOVUPD Y0, (DI)
	ADDQ $32, R8
	ADDQ $32, R9
	NEXT(chainGroup)
	VZEROUPPER
	RET

// func bitsAVX2(dst *float64, ks *int64, groups, shift int)
TEXT ·bitsAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ ks+8(FP), SI
	MOVQ groups+16(FP), BX
	SHLQ $1, BX
	VMOVQ shift+24(FP), X1
	VPXOR Y4, Y4, Y4

bitsGroup:
	VMOVDQU (SI), Y0
	VPSLLQ X1, Y0, Y0
	VPCMPGTQ Y0, Y4, Y2           // all ones where negative
	VPSRLQ $1, Y2, Y2
	VPXOR Y2, Y0, Y0
	VMOVDQU Y0, (DI)
	NEXT(bitsGroup)
	VZEROUPPER
	RET

// Spreads four rows by the bits in AX.
#define SPREAD_HALF \
	POPCNTL AX, R9             \
	SUBQ R9, CX                \
	MOVL AX, R10               \
	ANDL $1, R10               \
	ADDQ CX, R10               \
	SHLL $5, AX                \
	VMOVDQU (DX)(AX*1), Y0     \
	VPERMD -8(DI)(R10*8), Y0, Y1 \
	SUBQ $32, R8               \
	VMOVDQU Y1, (R8)

// func spreadAVX2(dst *float64, n int, bitmap *uint64, groups int, halves *[16][groupLen]uint32)
// From the last group to the first. CX is how many values come before the half.
TEXT ·spreadAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ bitmap+16(FP), SI
	MOVQ groups+24(FP), BX
	MOVQ halves+32(FP), DX
	MOVQ BX, R8
	SHLQ $6, R8
	ADDQ DI, R8                   // behind the rows

spreadGroup:
	MOVBLZX -1(SI)(BX*1), AX
	MOVL AX, R11
	SHRL $4, AX
	SPREAD_HALF
	MOVL R11, AX
	ANDL $15, AX
	SPREAD_HALF
	DECQ BX
	JNZ spreadGroup
	VZEROUPPER
	RET
