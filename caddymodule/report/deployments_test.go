package report

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesAreEscapedInTheRouteOfADeployment(t *testing.T) {
	assert.Equal(t, "zones/shop/deployments/42", DeploymentRoute("shop", "42"))
	assert.Equal(t, "zones/shop/deployments/-", DeploymentRoute("shop", AnyDeployment))

	// They come back as they were.
	var zone, id string
	mux := http.NewServeMux()
	mux.HandleFunc(AdminPath(DeploymentPattern), func(_ http.ResponseWriter, r *http.Request) {
		zone, id = r.PathValue("zone"), r.PathValue("id")
	})
	request := httptest.NewRequest(http.MethodPut, AdminPath(DeploymentRoute("/shop", "v1.2+é %2F?")), nil)
	mux.ServeHTTP(httptest.NewRecorder(), request)
	assert.Equal(t, "/shop", zone)
	assert.Equal(t, "v1.2+é %2F?", id)
}
