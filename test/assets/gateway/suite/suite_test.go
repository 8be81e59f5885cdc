// The suite as it is published, with its own flags. Its documentation asks each implementation to call it like this.
package suite

import (
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

func TestConformance(t *testing.T) {
	conformance.RunConformance(t)
}
