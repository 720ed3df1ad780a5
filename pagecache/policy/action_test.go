package policy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatAnActionHasChanged(t *testing.T) {
	action := asking("/a", "Next-Action", "40ab")
	for name, c := range map[string]struct {
		header []string
		want   Effect
	}{
		"16, nothing":                     {nil, EffectNone},
		"16, only refresh":                {[]string{"X-Action-Revalidated", "2"}, EffectNone},
		"16, a tag or path":               {[]string{"X-Action-Revalidated", "1"}, EffectPages},
		"16, a cookie, and perhaps a tag": {[]string{"X-Action-Revalidated", "1", "Set-Cookie", "a=b"}, EffectMaybe},
		"15, nothing":                     {[]string{"X-Action-Revalidated", "[[],0,0]"}, EffectNone},
		"15, a cookie":                    {[]string{"X-Action-Revalidated", "[[],0,1]", "Set-Cookie", "a=b"}, EffectNone},
		"15, a tag":                       {[]string{"X-Action-Revalidated", "[[],1,1]", "Set-Cookie", "a=b"}, EffectPages},
		"a path":                          {[]string{"X-Action-Revalidated", `[["/a"],0,0]`}, EffectPages},
		"something new":                   {[]string{"X-Action-Revalidated", `{"tags":1}`}, EffectUnknown},
		"another list":                    {[]string{"X-Action-Revalidated", `[1]`}, EffectUnknown},
		"no JSON":                         {[]string{"X-Action-Revalidated", "yes"}, EffectUnknown},
	} {
		assert.Equal(t, c.want, EffectOf(action, fields(c.header...)), name)
	}
	assert.Equal(t, EffectUnknown, EffectOf(asking("/a"), fields("X-Action-Revalidated", "1")), "no action")
}
