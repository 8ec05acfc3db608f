# frozen_string_literal: true

require_relative 'demo_ca/trust'
DemoCa.activate!
