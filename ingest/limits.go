package ingest

// Limits bound what one request, and all requests together, may cost. A zero field takes its default.
type Limits struct {
	// BodyBytes is the largest body as it comes over the network. Default 16 MiB: senders of remote
	// write stay below 1 MiB, so this leaves room for hand-made imports.
	BodyBytes int64
	// DecodedBytes is the largest body after decompression. Default 32 MiB, as Prometheus has it.
	DecodedBytes int64
	// InFlightBytes bounds the bodies held in memory by all requests together; a request waits for
	// its share. Default 128 MiB: four of the largest.
	InFlightBytes int64
	// SamplesPerRequest counts samples and histograms. Default 1,000,000.
	SamplesPerRequest int
	// LabelsPerSeries, LabelNameBytes and LabelValueBytes bound one label set. Defaults 64, 512 and
	// 4096: the largest seen in practice (Kubernetes pods) have 40 labels and values below 1 KiB.
	LabelsPerSeries, LabelNameBytes, LabelValueBytes int
	// LineBytes is the longest line of observations or of text exposition. Default 64 KiB.
	LineBytes int
	// ObservedModels bounds the distinct (model, version, region) of observations, each of which is
	// some 90 series. Default 10,000.
	ObservedModels int
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	setDefault(&l.BodyBytes, 16<<20)
	setDefault(&l.DecodedBytes, 32<<20)
	setDefault(&l.InFlightBytes, 128<<20)
	setDefault(&l.SamplesPerRequest, 1_000_000)
	setDefault(&l.LabelsPerSeries, 64)
	setDefault(&l.LabelNameBytes, 512)
	setDefault(&l.LabelValueBytes, 4096)
	setDefault(&l.LineBytes, 64<<10)
	setDefault(&l.ObservedModels, 10_000)
	// One request of the largest size must always be able to pass.
	l.InFlightBytes = max(l.InFlightBytes, l.BodyBytes+l.DecodedBytes)
	return l
}

func setDefault[T int | int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
