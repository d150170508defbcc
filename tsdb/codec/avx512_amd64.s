//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A register holds one group of 8 values. Z4 is zero throughout.

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

// Adds the carry to sums of the lanes; the last lane is the next carry. Z6 holds 7 in every lane.
#define CARRY(sums, carry) \
	VPADDQ carry, sums, sums \
	VPERMQ sums, Z6, carry

// Each lane gets all residuals of a group as bytes, of which it keeps those up to its own and adds them up,
// with the offset for each. A residual that is zigzag coded becomes a byte that is biased by 128.
#define BYTE_SUMS \
	VPBROADCASTQ (SI), Z0                   \
	ADDQ CX, SI                             \
	VPMULTISHIFTQB Z0, Z24, Z0              \
	VGF2P8AFFINEQB.Z $0, Z25, Z0, K4, Z0    \
	VPXORQ Z27, Z0, Z0                      \
	VPSADBW Z4, Z0, Z0                      \
	VPADDQ Z26, Z0, Z0

// Adds to such sums what their patches move.
#define MOVE_SUMS \
	KMOVB (R9), K3                     \
	VPADDQ.BCST (R10), Z0, K3, Z0      \
	KMOVB 16(R9), K3                   \
	VPADDQ.BCST 128(R10), Z0, K3, Z0   \
	INCQ R9                            \
	ADDQ $8, R10

// func frameAVX512(j *frameJob, unpack *unpackPlan, s *predictState, plan *intPlan, residuals *byte, patches *uint64, base, ks *int64, values *float64, bytes *bytePlan)
//
//	SI residuals, CX width   R9  patched, a byte for each group   Z1 predictor's a
//	DI values                R10 patches                          Z9 predictor's b
//	R13 ks                   R11 predictor                        Z2 offset
//	R8 base                  R12 zigzag
//	BX groups                R15 not 0: a mean                    DX steps
//	                         R14 not 0: residuals are bytes
TEXT ·frameAVX512(SB), NOSPLIT, $0-80
	MOVQ j+0(FP), DX
	MOVQ frameJob_width(DX), CX
	MOVQ frameJob_groups(DX), BX
	LEAQ frameJob_patched(DX), R9
	VPBROADCASTQ frameJob_gcd(DX), Z19
	VPBROADCASTQ frameJob_rest(DX), Z20
	VPBROADCASTQ frameJob_sign(DX), Z21
	VBROADCASTSD frameJob_divisor(DX), Z22
	VMOVQ frameJob_shift(DX), X23
	MOVQ frameJob_steps(DX), DX

	MOVQ unpack+8(FP), AX
	VMOVDQU64 unpackPlan_index(AX), Z16
	VMOVDQU64 unpackPlan_shift(AX), Z17
	MOVQ unpackPlan_mask(AX), AX
	KMOVQ AX, K1                  // w bytes
	VPBROADCASTQ AX, Z18          // w bits

	MOVQ s+16(FP), AX
	VPBROADCASTQ predictState_a(AX), Z1
	VPBROADCASTQ predictState_b(AX), Z9
	MOVBQZX predictState_kind(AX), R11
	XORL R15, R15
	LEAQ -const_predictLast(R11), AX
	VMOVQ AX, X10                 // h of a mean
	DECQ AX
	CMPQ AX, $(const_predictLine-const_predictLast-1)
	ADCL $0, R15                  // predictLast < R11 < predictLine
	MOVQ plan+24(FP), AX
	VPBROADCASTQ intPlan_offset(AX), Z2
	MOVBQZX intPlan_zigzag(AX), R12

	MOVQ residuals+32(FP), SI
	MOVQ patches+40(FP), R10
	MOVQ base+48(FP), R8
	MOVQ ks+56(FP), R13
	MOVQ values+64(FP), DI
	MOVQ bytes+72(FP), R14
	TESTQ R14, R14
	JZ constants
	VPBROADCASTQ bytePlan_shifts(R14), Z24
	VPBROADCASTQ bytePlan_matrix(R14)(R12*8), Z25
	MOVQ R12, AX
	NEGQ AX
	ANDQ $128, AX
	VPBROADCASTQ AX, Z26
	VPSUBQ Z26, Z2, Z26
	VPMULLQ bytePlan_ramp(R14), Z26, Z26  // 1 to 8 times the offset less the bias
	MOVQ $0xff7f3f1f0f070301, AX          // for each lane one byte more
	KMOVQ AX, K4
	MOVQ R12, AX
	SHLQ $7, AX
	VPBROADCASTB.Z AX, K4, Z27            // the biases

constants:
	VPXORQ Z4, Z4, Z4
	MOVQ $7, AX
	VPBROADCASTQ AX, Z6
	MOVQ $1, AX
	VPBROADCASTQ AX, Z8
	VPTERNLOGD $0xff, Z12, Z12, Z12

	TESTQ R14, R14
	JZ group
	CMPQ R11, $const_predictLast
	JNE group
	CMPQ DX, $const_stepFloats
	JEQ floats
	CMPQ DX, $(const_stepChain|const_stepIntegers|const_stepFloats)
	JEQ chain

group:
	TESTQ R14, R14
	JNZ bytes
	// Exactly w bytes are loaded, so nothing beyond the frame is read.
	VMOVDQU8.Z (SI), K1, Z0
	VPERMB Z0, Z16, Z0
	VPSRLVQ Z17, Z0, Z0
	VPANDQ Z18, Z0, Z0
	ADDQ CX, SI
	TESTQ R10, R10
	JZ unpatched
	MOVBLZX (R9), AX
	INCQ R9
	KMOVW AX, K3
	VPEXPANDQ.Z (R10), K3, Z3
	VPORQ Z3, Z0, Z0
	POPCNTL AX, AX
	LEAQ (R10)(AX*8), R10

unpatched:
	TESTL R12, R12
	JZ unsigned
	UNZIGZAG

unsigned:
	VPADDQ Z2, Z0, Z0
	TESTL R11, R11
	JZ restored
	VMOVDQA64 Z0, Z11
	PREFIX_SUM
	CMPL R11, $const_predictLine
	JEQ line
	CARRY(Z0, Z1)
	TESTL R15, R15
	JZ restored
	VPSUBQ Z11, Z0, Z0            // the sum before each residual
	VPSRAQ X10, Z0, Z0
	VPADDQ Z11, Z0, Z0

restored:
	TESTL $const_stepMultiply, DX
	JZ noMultiply
	VPMULLQ Z19, Z0, Z0
	VPADDQ Z20, Z0, Z0

noMultiply:
	TESTL $const_stepChain, DX
	JZ noChain
	VPXORQ Z21, Z0, Z0            // with -1: x ^ -1 - -1 = -x
	VPSUBQ Z21, Z0, Z0
	VPADDQ (R8), Z0, Z0
	ADDQ $64, R8

noChain:
	TESTL $const_stepIntegers, DX
	JZ noIntegers
	VMOVDQU64 Z0, (R13)
	ADDQ $64, R13

noIntegers:
	TESTL $const_stepFloats, DX
	JZ noFloats
	VCVTQQ2PD Z0, Z0
	TESTL $const_stepDivide, DX
	JZ store
	VDIVPD Z22, Z0, Z0

store:
	VMOVUPD Z0, (DI)
	ADDQ $64, DI

next:
	DECQ BX
	JNZ group

done:
	MOVQ s+16(FP), AX
	VMOVQ X1, predictState_a(AX)
	VMOVQ X9, predictState_b(AX)
	VZEROUPPER
	RET

bytes:
	BYTE_SUMS
	TESTQ R10, R10
	JZ bytesMoved
	MOVE_SUMS
bytesMoved:
	CMPL R11, $const_predictLine
	JEQ line
	CARRY(Z0, Z1)
	JMP restored

line:
	CARRY(Z0, Z9)                 // the steps
	PREFIX_SUM
	CARRY(Z0, Z1)
	JMP restored

noFloats:
	TESTL $const_stepBits, DX
	JZ next
	VPSLLQ X23, Z0, Z0
	VPSRAQ $63, Z0, Z3
	VPSRLQ $1, Z3, Z3
	VPXORQ Z3, Z0, Z0
	JMP store

	// Most frames need only a part of the above.
floats:
	BYTE_SUMS
	TESTQ R10, R10
	JZ floatsMoved
	MOVE_SUMS
floatsMoved:
	CARRY(Z0, Z1)
	VCVTQQ2PD Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ $64, DI
	DECQ BX
	JNZ floats
	JMP done

chain:
	BYTE_SUMS
	TESTQ R10, R10
	JZ chainMoved
	MOVE_SUMS
chainMoved:
	CARRY(Z0, Z1)
	VPXORQ Z21, Z0, Z0
	VPSUBQ Z21, Z0, Z0
	VPADDQ (R8), Z0, Z0
	VMOVDQU64 Z0, (R13)
	VCVTQQ2PD Z0, Z0
	VMOVUPD Z0, (DI)
	ADDQ $64, R8
	ADDQ $64, R13
	ADDQ $64, DI
	DECQ BX
	JNZ chain
	JMP done

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
