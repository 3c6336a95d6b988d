-- Ends what is on its way at a machine that HAProxy has found dead, so that it is repeated at another one.
--
-- `on-marked-down shutdown-sessions` would do that at the same moment as the machine is taken out. Then, though, HAProxy fails
-- the requests that are still connecting to it (version 2.6, stream_shutdown). A moment later there are none: each has run into
-- `timeout connect` and is at another machine.
local BACKEND = "appcore"
local INTERVAL = 100      -- milliseconds between two looks
local LATER = 7           -- looks: longer than `timeout connect`

local down = {}           -- for how many looks, by the machine's name

core.register_task(function()
    while true do
        core.msleep(INTERVAL)
        for name, machine in pairs(core.backends[BACKEND].servers) do
            -- "DOWN 1/2" is a machine that is coming back.
            if machine:get_stats().status == "DOWN" then
                down[name] = (down[name] or 0) + 1
                if down[name] >= LATER then machine:shut_sess() end
            else
                down[name] = nil
            end
        end
    end
end)
