//go:build !amd64 || purego

package codec

// Without kernels the Go functions do everything.

const kernelWidth = 0

func bestLevel() level { return levelGo }

func unpackGroups([]uint64, []byte, int) int { return 0 }

func restoreGroups([]int64, []uint64, *predictState, *intPlan) int { return 0 }

func scaleGroups([]float64, []int64, *scale, float64) int { return 0 }

func chainGroups([]float64, []int64, []int64, []int64, bool) int { return 0 }

func bitsGroups([]float64, []int64, int) int { return 0 }

func spreadGroups([]float64, int, []uint64, int) {}

func runFrame(*frameJob, *predictState, *intPlan, *byte, *uint64, *int64, *int64, *float64) {}
